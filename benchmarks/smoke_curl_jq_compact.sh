#!/bin/sh
# smoke_curl_jq.sh squeezed into one curl (four transfers in parallel) and one jq, for information: about the least that a
# shell script with these two can cost. Harder to read and to change, so it is not what the goal is measured against.
#   CHATPROOF_API_KEY=… smoke_curl_jq_compact.sh BASE_URL MODEL [CA_FILE]
set -u
base=$1 model=$2
work=$(mktemp -d) || exit 4
trap 'rm -rf "$work"' EXIT
: >"$work/happy" >"$work/wrong" >"$work/missing" >"$work/models"

common="silent
show-error
max-time = 30
${3:+cacert = \"$3\"}"
chat="url = \"$base/chat/completions\"
header = \"Content-Type: application/json\"
data = \"{\\\"model\\\": \\\"$model\\\", \\\"messages\\\": [{\\\"role\\\": \\\"user\\\", \\\"content\\\": \\\"Respond with the single word: pong\\\"}], \\\"stream\\\": false}\"
$common"
report="%{http_code} %{content_type}\\n"

curl -sS -Z --parallel-immediate -K - >"$work/status" <<EOC
$chat
header = "Authorization: Bearer $CHATPROOF_API_KEY"
output = "$work/happy"
write-out = "happy $report"
next
$chat
header = "Authorization: Bearer sk-invalid-key-for-smoke-test"
output = "$work/wrong"
write-out = "wrong $report"
next
$chat
output = "$work/missing"
write-out = "missing $report"
next
url = "$base/models"
header = "Authorization: Bearer $CHATPROOF_API_KEY"
$common
output = "$work/models"
write-out = "models $report"
EOC

"${JQ:-jq}" -nr --arg base "$base" --arg model "$model" --arg id "$$" --arg environment "${CI:+ci}" \
    --rawfile status "$work/status" --rawfile happy "$work/happy" --rawfile wrong "$work/wrong" \
    --rawfile missing "$work/missing" --rawfile models "$work/models" '
def parsed: . as $text | try {value: ($text | fromjson), valid: true} catch {value: null, valid: false};
def error_present: .valid and (.value | if type == "object" then (.error // .errors // .detail // .message // false) != false else false end);
($status | split("\n") | map(split(" ") | {key: .[0], value: {code: .[1], type: .[2:] | join(" ")}}) | map(select(.key != null)) | from_entries) as $reply
| ($happy | parsed) as $body
| (($body.value | type) == "object" and ($body.value.choices | type) == "array" and ($body.value.choices | length) > 0) as $choices
| ($choices and ($body.value.choices[0].message.content? // "" | length) > 0) as $content
| (($body.value | type) == "object" and ($body.value.error // false) != false) as $error
| (($wrong | parsed | error_present) and ($missing | parsed | error_present)) as $refusals
| [ (if $reply.happy.code != "200" then "happy.status_200" else empty end),
    (if ($reply.happy.type // "" | startswith("application/json")) then empty else "happy.media_type_json" end),
    (if $body.valid then empty else "happy.body_json" end),
    (if $choices then empty else "happy.choices_non_empty" end),
    (if $content then empty else "happy.message_content_non_empty" end),
    (if $error then "happy.no_error_field" else empty end),
    (if ($reply.wrong.code // "000" | startswith("4")) then empty else "wrong key: not rejected" end),
    (if ($reply.missing.code // "000" | startswith("4")) then empty else "missing key: not rejected" end),
    (if $refusals then empty else "auth: error present in JSON" end) ] as $broken
| (if $reply.models.code == "200" and ($models | parsed | .value.data? // [] | any(.[]; .id == $model)) then [] else ["model.listed"] end) as $warned
| (if ($broken | length) == 0 then "PASS" else "FAIL" end) as $verdict
| (now | todate) as $now
| "smoke_test_run:",
  "  run_id: \("smoke-\($now)-\($id)" | tojson)",
  "  timestamp_utc: \($now | tojson)",
  "  environment: \($environment | tojson)",
  "  endpoint_base: \($base | tojson)",
  "  model_id_used: \($model | tojson)",
  "  request_summary: \"messages_count=1, stream=false\"",
  "  http_status: \($reply.happy.code | tojson)",
  "  response_structure_valid: \($body.valid | tostring | tojson)",
  "  choices_present: \($choices | tostring | tojson)",
  "  content_non_empty: \($content | tostring | tojson)",
  "  error_field_present: \($error | tostring | tojson)",
  "  auth_rejection_status: \("\($reply.wrong.code), \($reply.missing.code)" | tojson)",
  "  auth_rejection_error_body_valid: \($refusals | tostring | tojson)",
  "  pass_fail: \($verdict | tojson)",
  "  notes: \($broken + $warned | join("; ") | tojson)"
' >"$work/record" || exit 4
cat "$work/record"
while read -r line; do [ "$line" = 'pass_fail: "PASS"' ] && exit 0; done <"$work/record"
exit 1
