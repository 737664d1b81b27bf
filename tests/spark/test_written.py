"""What a stream wrote after its last superstep that counts is taken back when it goes on."""

import json

from sferic.runtime.observe import DONE, ITEMS_FAILED
from sferic.runtime.spark.pacing import next_most, worth
from sferic.written import Written


def letter(item):
    return {"event": "failed", "policy": "dead-letter", "pe": "PE", "rank": 0, "item": item, "error": "no"}


def test_nothing_is_written_twice(tmp_path):
    results, letters = tmp_path / "results", tmp_path / "letters"
    results.write_text("of an earlier run\n")
    letters.write_text("an earlier letter\n")
    with Written(results, letters) as first:
        first.go_on(None)
        first.result("PE", "out", [1])
        first.event(letter("a"))
        kept = first.written()
        first.result("PE", "out", [2])
        first.event(letter("b"))
        first.written()
    with Written(results, letters) as second:
        second.go_on(kept)
        second.result("PE", "out", [3])
        second.event(letter("c"))
    assert [line[-2] for line in results.read_text().splitlines()] == ["1", "3"]
    assert letters.read_text().startswith("an earlier letter\n")
    assert letters.read_text().count('"item": "') == 2
    assert '"item": "b"' not in letters.read_text()


def test_counts_go_on_where_they_were_and_begin_anew_after_an_end(tmp_path):
    def counts(items):
        return {"event": "counts", "rank": 0, "pes": {"PE": {"in": items, "out": 0}}}

    with Written(None, None) as first:
        first.event(counts(5))
        first.event(letter("a"))
        kept = json.loads(json.dumps(first.written()))
        first.event(counts(2))
        first.event(letter("b"))
    with Written(None, None) as second:
        second.go_on(kept)
        second.event(counts(3))
        assert second.counts["PE"]["in"] == 8
        assert (second.failed, second.status) == (1, ITEMS_FAILED)
    with Written(None, None) as third:
        third.go_on(kept, anew=True)
        assert (third.counts, third.status) == ({}, DONE)


def test_letters_of_an_attempt_that_is_made_again_go_with_it_whoever_wrote_them(tmp_path):
    letters = tmp_path / "letters"
    letters.write_text("an earlier letter\n")
    with Written(None, letters) as first:
        first.go_on(None)
        first.event(letter("a"))
        kept = first.written()
    with Written(None, letters) as second:
        second.go_on(kept)
        second.begin_again()
    assert letters.read_text() == "an earlier letter\n"


def test_an_attempt_that_is_made_again_begins_with_empty_results(tmp_path):
    with Written(tmp_path / "results", None) as told:
        told.go_on(None)
        told.result("PE", "out", [1])
        before = told.written()["of"]
        told.begin_again()
        assert told.written()["of"] != before, "what was fetched of it counts for nothing"
        told.result("PE", "out", [2])
    assert [line[-2] for line in (tmp_path / "results").read_text().splitlines()] == ["2"]


def test_slow_pes_get_little_and_quick_ones_more_and_more():
    assert next_most(64, 0.01, 1.0) == 256
    assert next_most(64, 0.5, 1.0) == 64
    assert next_most(64, 32.0, 1.0) == 2
    assert next_most(1, 600.0, 1.0) == 1


def test_a_superstep_works_longer_than_it_takes_to_make_one():
    assert worth(0.1, 1.0) == 1.0  # the interval, where that is enough
    assert worth(0.4, 0.1) == 1.6
    assert worth(30.0, 0.1) == 2.0  # the first one starts processes: no reason to let the next take minutes
    assert worth(30.0, 10.0) == 10.0
