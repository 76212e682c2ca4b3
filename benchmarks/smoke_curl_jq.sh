#!/bin/sh
# The smoke contract with curl and jq, as a careful engineer would write it: four requests at once, one jq per body.
#   CHATPROOF_API_KEY=… smoke_curl_jq.sh BASE_URL MODEL [CURL_OPTION...]
# Prints the sanitized record; exit status 0 is PASS. JQ names the jq to use. The key goes to curl on standard input, never in argv.
set -u
base=$1 model=$2
shift 2
jq=${JQ:-jq}
work=$(mktemp -d) || exit 4
trap 'rm -rf "$work"' EXIT
body="{\"model\": \"$model\", \"messages\": [{\"role\": \"user\", \"content\": \"Respond with the single word: pong\"}], \"stream\": false}"

ask() { # NAME CONFIG URL FILTER [CURL_OPTION...]: leaves "status type" in NAME.status, what jq found in NAME.found
    name=$1 config=$2 url=$3 filter=$4
    shift 4
    curl -sS --max-time 30 -K - -o "$work/$name.json" -D "$work/$name.head" -w '%{http_code} %{content_type}\n' "$@" "$url" \
        >"$work/$name.status" <<EOC
$config
EOC
    "$jq" -r --arg model "$model" "$filter" "$work/$name.json" >"$work/$name.found" 2>/dev/null ||
        echo invalid >"$work/$name.found"
    # secret.not_reflected, for the plain form at least; the key stays out of argv here, too
    printf '%s\n' "$CHATPROOF_API_KEY" | grep -qF -f - "$work/$name.json" "$work/$name.head" && : >"$work/$name.reflected"
}

happy='"\((.choices | type) == "array" and (.choices | length) > 0) \((.choices[0].message.content? // "" | length) > 0) \((.error // false) != false)"'
refusal='if type == "object" then (.error // .errors // .detail // .message // false) != false else false end'
listed='any(.data[]; .id == $model)'

good="header = \"Authorization: Bearer $CHATPROOF_API_KEY\""
bad='header = "Authorization: Bearer sk-invalid-key-for-smoke-test"'
chat="$base/chat/completions"
json='Content-Type: application/json'
ask happy "$good" "$chat" "$happy" "$@" -H "$json" --data "$body" &
ask wrong "$bad" "$chat" "$refusal" "$@" -H "$json" --data "$body" &
ask missing "" "$chat" "$refusal" "$@" -H "$json" --data "$body" &
ask models "$good" "$base/models" "$listed" "$@" &
wait

notes=""
expect() { # WHAT OBSERVED PATTERN
    # shellcheck disable=SC2254  # the pattern is meant as one
    case $2 in $3) ;; *) notes="$notes$1: $2; " ;; esac
}

read -r status type <"$work/happy.status" || status=000 type=""
read -r choices content error <"$work/happy.found"
[ "$choices" = invalid ] && valid=false choices=unobserved content=unobserved error=unobserved || valid=true
expect happy.status_200 "$status" 200
expect happy.media_type_json "$type" 'application/json*'
expect happy.body_json "$valid" true
expect happy.choices_non_empty "$choices" true
expect happy.message_content_non_empty "$content" true
expect happy.no_error_field "$error" false

rejection="" rejection_valid=true
for name in wrong missing; do
    read -r refused type <"$work/$name.status" || refused=000 type=""
    read -r found <"$work/$name.found"
    case $refused in 4??) ;; *) notes="$notes$name key: not rejected ($refused); " ;; esac
    expect "$name key: error present in JSON" "$found" true
    [ "$found" = true ] || rejection_valid=false
    rejection="${rejection:+$rejection, }$refused"
done

read -r status_models type <"$work/models.status" || status_models=000
read -r found <"$work/models.found"
[ "$status_models $found" = "200 true" ] || warning="model.listed: $status_models $found"

for name in happy wrong missing models; do
    [ ! -e "$work/$name.reflected" ] || notes="${notes}secret.not_reflected: $name; "
done

[ -z "$notes" ] && verdict=PASS || verdict=FAIL
now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
cat <<EOR
smoke_test_run:
  run_id: "smoke-$now-$$"
  timestamp_utc: "$now"
  environment: "${CI:+ci}"
  endpoint_base: "$base"
  model_id_used: "$model"
  request_summary: "messages_count=1, stream=false"
  http_status: "$status"
  response_structure_valid: "$valid"
  choices_present: "$choices"
  content_non_empty: "$content"
  error_field_present: "$error"
  auth_rejection_status: "$rejection"
  auth_rejection_error_body_valid: "$rejection_valid"
  pass_fail: "$verdict"
  notes: "$notes${warning:-}"
EOR
[ $verdict = PASS ]
