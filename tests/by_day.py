"""Families of tests of which some are played by day, and all by night: each member costs much and shows what others show.

A member that is not played by day is marked as nightly when the tests are collected. Of the faults, what breaks a
required clause is played each time.
"""

from collections import Counter

import pytest

EVERY = {  # every Nth of a family, by its place in it
    "tests/captures/test_hostile.py::test_hostile_files_cost_no_more_than_their_length": 3,
    "tests/captures/test_siblings_apis.py::test_long_texts_take_no_long_time": 3,
    "tests/captures/test_siblings_pasted.py::test_long_texts_take_no_long_time": 3,
    "tests/captures/test_wild.py::test_long_texts_take_no_long_time": 3,
    "tests/captures/test_request_secrets.py::test_curl": 3,
    "tests/captures/test_request_secrets.py::test_a_har": 3,
    "tests/migration/test_faults.py::test_a_fault_is_one_difference": 2,
    "tests/migration/test_faults.py::test_a_fault_of_validate_is_one_difference": 2,
    "tests/reporters/test_ci_orders.py::test_reports_of_runs": 3,
    "tests/simulator/test_api_faults.py::test_fault_comes_to_its_diagnosis": 3,
    "tests/simulator/test_faults.py::test_faults_survive_any_request": 3,
    "tests/simulator/test_openai_client.py::test_client_and_contract_agree": 2,
    "tests/simulator/test_validate_faults.py::test_fault_breaks_exactly_its_clauses": 3,
    "tests/simulator/test_validate_faults.py::test_fault_of_smoke_breaks_exactly_its_clause": 2,
    "tests/unit/test_no_argument_is_echoed.py::test_no_command_repeats_it": 2,
    "tests/unit/test_surroundings.py::test_odd_variables_change_no_verdict": 2,
    "tests/unit/test_undecided.py::test_no_clause_stumbles_over_a_reply_whose_premise_is_not_known": 2,
    "tests/unit/test_composed_forms.py::test_reading_is_linear": 3,
}


REQUIRED = {  # families of faults of which those that break a required clause are played by day
    "tests/simulator/test_api_faults.py::test_fault_comes_to_its_diagnosis",
    "tests/simulator/test_validate_faults.py::test_fault_breaks_exactly_its_clauses",
}


def mark(items: list[pytest.Item]) -> None:
    """Mark as nightly what is not played by day."""
    seen: Counter[str] = Counter()
    for item in items:
        family = item.nodeid.partition("[")[0]
        every = EVERY.get(family)
        if every is None or item.get_closest_marker("nightly"):
            continue
        seen[family] += 1
        if seen[family] % every and not (family in REQUIRED and _is_required(item)):
            item.add_marker(pytest.mark.nightly)


def _is_required(item: pytest.Item) -> bool:
    """A fault that a run answers with NO-GO."""
    from chatproof.simulator.faults import ALL
    from chatproof.surfaces import names
    from tests.simulator.test_api_faults import SIDES

    given = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    name, api = given.get("name"), given.get("api")
    if not isinstance(name, str):
        return False
    rows = SIDES[api][1].ALL if api in names() else ALL
    return name in rows and rows[name].verdict == "NO-GO"
