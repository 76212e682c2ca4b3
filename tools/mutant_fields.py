"""What tools/mutate.py mutates, and which tests must notice it."""

from typing import NamedTuple


class Field(NamedTuple):
    """What is mutated, and by whom it must be noticed."""

    mutated: tuple[str, ...]  # patterns below src/chatproof
    tests: tuple[str, ...]  # modules
    shared: tuple[str, ...] = ("tests.support", "tests.test_exchanges")  # which the tests import
    without: tuple[str, ...] = ()  # tests that take seconds: they hold time and room, which no mutant changes much
    cpu: int = (
        60  # seconds for one mutant; all tests need less by far. Whoever needs so many loops, and has been noticed
    )


SMOKE = Field(
    (
        "surfaces/chat/clauses/*.py",
        "contract/heads.py",
        "diagnosis/failure_modes/*.py",
        "surfaces/chat/failure_modes/*.py",
        "judging/judge.py",
        "diagnosis/diagnosis.py",
        "evidence/reply.py",
        "evidence/parsed_bodies.py",
        "surfaces/chat/view.py",
        "evidence/provider_*.py",
    ),
    (
        "tests.unit.test_clauses",
        "tests.unit.test_coded_rows",
        "tests.unit.test_failure_mode_case",
        "tests.unit.test_findings",
        "tests.unit.test_judging",
        "tests.unit.test_partial_runs",
        "tests.unit.test_parts_not_held",
        "tests.unit.test_refused_key",
        "tests.unit.test_reply_rows",
        "tests.unit.test_reply",
        "tests.unit.test_diagnosis",
        "tests.unit.test_provider_error",
        "tests.unit.test_provider_words",
        "tests.unit.test_any_hop",
        "tests.unit.test_chat_view",
        "tests.unit.test_api_findings",
        "tests.unit.test_api_runs",
        "tests.unit.test_confidence",
        "tests.unit.test_features",
        "tests.unit.test_further_headers",
        "tests.unit.test_large_replies",
        "tests.unit.test_mistakes_and_outages",
        "tests.unit.test_no_text",
        "tests.unit.test_other_clients",
        "tests.unit.test_own_requests",
        "tests.unit.test_own_requests_of_apis",
        "tests.unit.test_parsed_bodies",
        "tests.unit.test_told_of_each",
        "tests.unit.test_undecided",
        "tests.unit.test_upstream",
        "tests.unit.test_validate_diagnosis",
        "tests.unit.test_wire_clauses",
        "tests.captures.test_pasted",
        "tests.captures.test_rust",
        "tests.captures.test_siblings",
        "tests.captures.test_siblings_later",
        "tests.captures.test_siblings_unseen",
        "tests.captures.test_wild",
        "tests.test_exchanges",
    ),
    without=(
        "test_every_example_of_a_clause_leaves_no_run_without_a_cause",
        "test_every_example_with_every_part_that_a_capture_may_lack",
        "test_hostile_files_are_read_in_linear_time",
        "test_long_texts_take_no_long_time",
        "test_every_failure_mode_is_produced",
    ),
)
VALIDATE = Field(
    ("surfaces/chat/clauses/validate/*.py", "contract/capability.py"),
    (
        "tests.unit.test_clauses",
        "tests.unit.test_findings",
        "tests.unit.test_agents",
        "tests.unit.test_elsewhere",
        "tests.unit.test_every_stream",
        "tests.unit.test_first_named",
        "tests.unit.test_garbled",
        "tests.unit.test_streamed_rule",
        "tests.unit.test_values_that_cannot_be",
    ),
)
APIS = Field(
    (
        "surfaces/responses/clauses/*.py",
        "surfaces/responses/clauses/validate/*.py",
        "surfaces/responses/building.py",
        "surfaces/messages/clauses/*.py",
        "surfaces/messages/clauses/validate/*.py",
        "surfaces/messages/building.py",
        "surfaces/embeddings/clauses/*.py",
        "surfaces/embeddings/clauses/validate/*.py",
        "surfaces/embeddings/vectors.py",
        "surfaces/shared_clauses.py",
        "surfaces/repeated_text.py",
        "surfaces/garbled.py",
        "surfaces/named_tools.py",
        "surfaces/turns.py",
        "surfaces/stream_refusal.py",
        "surfaces/streamed_rule.py",
        "contract/refused_part.py",
        "surfaces/answer_alone.py",
        "surfaces/answering_model.py",
        "surfaces/elsewhere.py",
        "surfaces/everyday.py",
        "surfaces/fresh_ids.py",
        "surfaces/plausible_counts.py",
        "surfaces/tool_choice.py",
        "surfaces/tool_result.py",
        "evidence/field_types.py",
    ),
    (
        "tests.unit.test_api_clauses",
        "tests.unit.test_api_findings",
        "tests.unit.test_api_runs",
        "tests.unit.test_answer_alone",
        "tests.unit.test_asked_otherwise",
        "tests.unit.test_elsewhere",
        "tests.unit.test_field_tables",
        "tests.unit.test_first_named",
        "tests.unit.test_garbled",
        "tests.unit.test_refused_in_one_form",
        "tests.unit.test_refused_part",
        "tests.unit.test_repeated_text",
        "tests.unit.test_streamed_rule",
        "tests.unit.test_unseen_requests",
        "tests.unit.test_wire_clauses",
        "tests.unit.test_vectors",
    ),
    shared=(
        "tests.support",
        "tests.test_exchanges",
        "tests.api_rows",
        "tests.api_rows_embeddings",
        "tests.api_rows_messages",
        "tests.api_rows_parallel",
        "tests.api_rows_responses",
    ),
)
WIRE = Field(
    ("wire/http1.py", "wire/chunked.py", "wire/message.py", "wire/sse.py"),
    (
        "tests.unit.test_chunked_rules",
        "tests.unit.test_http1",
        "tests.unit.test_http1_rules",
        "tests.unit.test_sse",
        "tests.unit.test_sse_rules",
    ),
    shared=(),
    without=("test_linear_on_hostile_input", "test_a_bomb_is_not_inflated"),
    cpu=3,
)
