"""What can be wrong on our own side, row by row, with the test that holds it, or why there is nothing to hold.

The rows are those of the project's study of faults (I01 to I62). `make docs` writes them into docs/reference/own-side.md.
"""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """`tests` are FILE::NAME below tests/. A row without tests says in `why` for what reason."""

    what: str
    does: str
    tests: tuple[str, ...] = ()
    why: str = ""


OWN, CLI, AROUND, LEAKS = (
    "unit/test_own_side.py",
    "unit/test_cli.py",
    "unit/test_surroundings.py",
    "leaks/test_matrix.py",
)
JOURNAL, JOURNAL_CLI, REDACT, SEND = (
    "unit/test_journal.py", "unit/test_journal_cli.py", "unit/test_redaction.py", "unit/test_transport.py",
)  # fmt: skip
BAD_KEY = (f"{OWN}::test_bad_key", f"{LEAKS}::test_a_bad_key_is_described_not_shown")
BAD_URL = (f"{OWN}::test_bad_url",)
BAD_CONFIG = (f"{OWN}::test_bad_config", f"{AROUND}::test_a_configuration_that_is_none_is_refused_in_words")
VARIABLES = (f"{AROUND}::test_odd_variables_change_no_verdict",)
KILLS = ("leaks/test_kill.py::test_twenty_kills", "leaks/test_kill.py::test_two_hundred_kills")

ROWS: dict[str, Row] = {
    "I01": Row("no key", "exit 2 before any socket; the variables are named", (f"{OWN}::test_missing_key", f"{CLI}::test_usage_errors_exit_2_and_send_nothing")),
    "I02": Row("an empty key", "exit 2", (f"{OWN}::test_missing_key", *BAD_KEY)),
    "I03": Row("white space around or inside the key", "at the ends removed with a note, inside exit 2 with offset and class", (f"{OWN}::test_edge_white_space_is_removed_with_one_note", *BAD_KEY)),
    "I04": Row("CRLF and a header inside the key", "exit 2, nothing sent", BAD_KEY),
    "I05": Row("NUL in the key", "exit 2", BAD_KEY),
    "I06": Row("byte order mark or zero-width character in the key", "exit 2, named by code point", BAD_KEY),
    "I07": Row("a key outside ASCII, lone surrogates", "exit 2", BAD_KEY),
    "I08": Row("a key in quotation marks", "exit 2; nothing is stripped in silence", BAD_KEY),
    "I09": Row("a key with Bearer before it", "exit 2", BAD_KEY),
    "I10": Row("a placeholder", "exit 2", (*BAD_KEY, f"{OWN}::test_good_key")),
    "I11": Row("a key that is too long, or too short to be searched for", "over 4 KiB exit 2; under 8 characters not removed by value", (*BAD_KEY, f"{REDACT}::test_longest_first_and_short_ones_left")),
    "I12": Row("a key on the command line, in a URL or in the configuration", "exit 2, not repeated", (f"{CLI}::test_a_key_on_argv_is_not_echoed", f"{LEAKS}::test_a_secret_among_the_arguments_is_not_repeated", f"{OWN}::test_bad_config"), "the variable stays in this process's environment: who may read that may read the caller's"),
    "I13": Row("a key file that is a pipe, a device, a folder, too large, open to others", "read if it is a regular file of at most 8 KiB; others may read it: a note; others may change it: exit 2", (f"{OWN}::test_key_file", f"{OWN}::test_bad_key_file", "unit/test_trust.py::test_keys_and_authorities_that_others_can_change_are_refused"), "a link is followed: secrets of Kubernetes are links"),
    "I14": Row("one secret begins with another", "the longest is removed first", (f"{REDACT}::test_longest_first_and_short_ones_left",)),
    "I15": Row("an empty secret", "ignored", (f"{REDACT}::test_longest_first_and_short_ones_left",)),
    "I16": Row("user and password in the base URL", "exit 2, not repeated", (*BAD_URL, f"{LEAKS}::test_a_secret_among_the_arguments_is_not_repeated")),
    "I17": Row("a base URL that two parsers read in two ways", "exit 2", BAD_URL),
    "I18": Row("other schemes, none, //host", "exit 2", BAD_URL),
    "I19": Row("http to a remote host", "exit 2 unless --allow-http", (*BAD_URL, f"{OWN}::test_http_to_a_remote_host_only_when_allowed")),
    "I20": Row("tab or line feed in the base URL", "exit 2", (*BAD_URL, f"{OWN}::test_any_text_is_a_url_or_a_problem")),
    "I21": Row("ports that are none", "exit 2", BAD_URL),
    "I22": Row("IPv6 in brackets and without, zone ids", "brackets are taken, the rest is exit 2", (*BAD_URL, f"{OWN}::test_good_url"), "a zone id is refused: it names an interface of this machine and no provider's host"),
    "I23": Row("international and look-alike host names", "A-labels; mixed scripts are exit 2", (*BAD_URL, f"{OWN}::test_good_url")),
    "I24": Row("127.1, 0x7f000001, a dot at the end, capitals", "normalised; numbers are the resolver's", (f"{OWN}::test_good_url",)),
    "I25": Row("a base URL with the path of the endpoint, or a query", "exit 2, or a note on versions", (*BAD_URL, "test_exchanges.py::test_exchange")),
    "I26": Row("proxy variables, also garbage", "not used, with one note; --proxy is", (*VARIABLES, f"{SEND}::test_proxy_variables_are_not_obeyed")),
    "I27": Row("netrc", "never read", (f"{LEAKS}::test_the_key_arrives_once_where_it_must_and_nowhere_else", "rogue/test_rows.py::test_must_keep_the_key")),
    "I28": Row("variables of trust and TLS secrets", "not obeyed, with a note; --ca-file is", (*VARIABLES, "rogue/test_rows.py::test_must_keep_the_key")),
    "I29": Row("a configuration that is huge, deep, with long numbers or NUL", "exit 2 with the place", (f"{OWN}::test_config_bytes", *BAD_CONFIG), "TOML has no anchors"),
    "I30": Row("names twice, unknown names, tags of YAML", "exit 2", BAD_CONFIG),
    "I31": Row("values of another type than wanted", "exit 2", BAD_CONFIG),
    "I32": Row("a configuration that is missing, a folder, not UTF-8; CRLF, byte order mark", "exit 2 with path and offset; the last two are taken", (f"{OWN}::test_config_bytes", f"{CLI}::test_usage_errors_exit_2_and_send_nothing")),
    "I33": Row("${VAR} in the configuration", "nothing is expanded; as a URL or key it is exit 2", BAD_CONFIG),
    "I34": Row("odd model ids", "controls and more than 256 characters exit 2; the rest is data", (f"{AROUND}::test_a_model_id_that_is_none", f"{AROUND}::test_a_model_id_is_data")),
    "I35": Row("--timeout 0, -1, nan, inf, 1e308", "exit 2", (f"{OWN}::test_bad_duration", f"{OWN}::test_duration")),
    "I36": Row("a report's place cannot be written, or the disk fills", "before the run exit 2 and nothing is sent; after it exit 4, the verdict is printed, the old file stays", (f"{AROUND}::test_a_place_that_takes_no_report_stops_before_anything_is_sent", f"{AROUND}::test_a_disk_that_fills_leaves_the_verdict_and_the_old_report")),
    "I37": Row("a report that exists, is a link, is a device", "replaced whole; a link is not followed", (f"{CLI}::test_a_report_replaces_a_file_and_never_follows_a_link", f"{CLI}::test_special_files_stay_what_they_are")),
    "I38": Row("/dev/full as standard output", "exit 4, one line", (f"{CLI}::test_full_disk_and_closed_streams",)),
    "I39": Row("a closed pipe, closed streams", "the verdict's own exit status, no noise", (f"{CLI}::test_full_disk_and_closed_streams", f"{AROUND}::test_a_closed_pipe_and_closed_streams")),
    "I40": Row("no terminal, odd TERM and COLUMNS, NO_COLOR", "the same text; colours on a terminal only", (*VARIABLES, f"{CLI}::test_color_only_when_forced_or_on_a_terminal", f"{LEAKS}::test_a_terminal")),
    "I41": Row("LC_ALL=C, narrow encodings", "escaped, the exit status stays", (*VARIABLES, f"{CLI}::test_odd_environments")),
    "I42": Row("no HOME, no such HOME, a user without a name", "works; without a place the run is in no journal, and says so", (*VARIABLES, f"{AROUND}::test_a_user_without_a_name", f"{JOURNAL_CLI}::test_no_place_for_the_default_one_is_a_note")),
    "I43": Row("a working folder that is gone, no TMPDIR", "works; temporary files stand beside the report", (f"{AROUND}::test_a_folder_that_is_gone", *VARIABLES)),
    "I44": Row("a journal that is locked", "10 s, then exit 4 where the verdict is GO, and who holds it is named; the verdict is printed", (f"{JOURNAL}::test_locked", "unit/test_journal_writers.py::test_a_lock_has_a_deadline_and_names_its_holder", f"{JOURNAL_CLI}::test_a_default_one_in_trouble_exits_4_with_the_verdict")),
    "I45": Row("a journal that is damaged, of something else, newer, empty, read-only", "named; nothing is repaired or removed", (f"{JOURNAL}::test_trouble_has_a_name_and_destroys_nothing",)),
    "I46": Row("the journal's file mode", "0600", (f"{JOURNAL}::test_only_the_owner_can_read_it",)),
    "I47": Row("a key that was written and removed", "never written", ("leaks/test_commands.py::test_every_journal", f"{JOURNAL}::test_no_document_holds_the_key")),
    "I48": Row("values a database refuses", "documents are JSON in ASCII", ("unit/test_record.py::test_reports_survive_hostile_text", "leaks/test_commands.py::test_every_journal")),
    "I49": Row("two processes, one journal", "nothing is lost", (f"{JOURNAL}::test_writers_at_once_lose_nothing",)),
    "I50": Row("a journal on a network file system", "", (), "no such file system can be mounted here; SQLite's own refusal is named (journal.unwritable)"),
    "I51": Row("SIGINT once, twice", "once: a record and exit 130 within 2 s; twice: at once, nothing torn", (f"{CLI}::test_signals_end_in_order_with_a_record", f"{AROUND}::test_interrupted_twice_leaves_at_once_and_tears_nothing")),
    "I52": Row("SIGTERM", "as SIGINT, exit 143", (f"{CLI}::test_signals_end_in_order_with_a_record", f"{LEAKS}::test_signals_during_a_hanging_run")),
    "I53": Row("SIGKILL at any moment", "no torn file, no PASS without its record, the journal whole", (*KILLS, f"{JOURNAL_CLI}::test_started_is_durable_before_the_first_byte_and_a_killed_run_has_no_end")),
    "I54": Row("SIGHUP; stopped and continued", "HUP as SIGTERM, exit 129; the deadline goes on", (f"{CLI}::test_signals_end_in_order_with_a_record", f"{AROUND}::test_stopped_and_continued")),
    "I55": Row("a signal while a large reply is read", "acts soon: every step is bounded", (f"{AROUND}::test_a_signal_while_a_reply_is_read_acts_soon",)),
    "I56": Row("clocks: 1970, 2038, leap seconds, odd TZ", "durations are monotonic, run ids differ", (f"{AROUND}::test_no_clock_makes_a_run_fail", *VARIABLES)),
    "I57": Row("small limits on files, memory, CPU", "works in 512 MiB with the simulator in it; below that it ends in words", (f"{AROUND}::test_small_limits", f"{AROUND}::test_too_small_limits_end_in_words"), "seccomp and a system without /dev/urandom or /proc cannot be had here"),
    "I58": Row("python -O, -X dev, warnings as errors", "the same verdict", (f"{AROUND}::test_without_asserts_and_with_import_times_the_verdict_is_the_same", *VARIABLES)),
    "I59": Row("modules and .env in the working folder", "not imported by the console script, not read", (f"{AROUND}::test_modules_of_the_folder_are_not_imported",), "who sets PYTHONPATH chooses the code that runs: no program can answer for that"),
    "I60": Row("logging and debug switches of everything", "nothing of the key", (f"{LEAKS}::test_processes", *VARIABLES)),
    "I61": Row("a failing pytest with locals, JUnit", "nothing of the key", ("leaks/test_library.py::test_a_failing_pytest_with_locals", "leaks/test_library.py::test_tracebacks_with_locals", f"{REDACT}::test_a_secret_never_prints")),
    "I62": Row("core dumps, debuggers, children", "", (), "no child is started; Python cannot wipe a string, and who may read this process's memory has the key (docs/security.md)"),
}  # fmt: skip


def markdown() -> str:
    lines = ["| row | what is wrong | what happens | held by | remark |", "|---|---|---|---|---|"]
    for id, row in ROWS.items():
        tests = "<br>".join(f"`{name}`" for name in row.tests)
        lines.append("| " + " | ".join((id, row.what, row.does, tests, row.why)) + " |")
    return "\n".join(lines) + "\n"
