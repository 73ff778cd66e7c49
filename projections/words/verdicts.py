"""The sentences of verdicts: from a rule and its inputs to words. Imports only what starts fast."""

from __future__ import annotations


TYPE_CHECKING = False  # as in typing
if TYPE_CHECKING:
    from collections.abc import Mapping


# Verdicts, by their rule; of a rule that compares two numbers, by the gain and what was asked (`_kind`).
VERDICTS: Mapping[str, str] = {
    "baseline": "the baseline",
    "no_result": "{outcome:words}",
    "stopped_early": (
        "stopped early: a loss of {loss:.4f} at {percent:.0f} %, where its base had {base_loss:.4f}"
    ),
    "stands_on_retracted": "its code is made of {retracted:name}, which was retracted",
    "same_code": "the best once more: the same code, measured again",
    "known_code": "same code as {same_as:name}, which measured {metric:.6f}: not trained again",
    "not_comparable_data_id": "measured on other data ({data_id}) than the best ({best_data_id})",
    "not_comparable_data": "measured on other data ({data}) than the best ({best_data})",
    "not_comparable_python": "trained by Python {python}, the best by {best_python}",
    "not_comparable_torch": "trained with torch {torch}, the best with {best_torch}",
    "not_comparable_threads": "trained with {threads:threads}, the best with {best_threads}",
    "not_comparable_driver": "trained under driver {driver}, the best under {best_driver}",
    "not_comparable_deciding": "trained under other settings than the best was measured under",
    "not_comparable_inputs": "trained on other input files than the best",
    "not_comparable_filters": "checked out by other filters of git than the best",
    "not_comparable_packages": "trained with other packages than the best",
    "not_comparable_device_class": "trained on another device ({device_class}) than the best",
    "not_comparable_device": "trained on another device ({device}) than the best ({best_device})",
    "guard": "it breaks the guard {guard}: {value:g}",
    "guard_failed": "it fails the guard {guard}: {because}",
    "vetoed": "vetoed by {by}: {said}",
    "vetoed_by_review": "vetoed by {by} ({reviewer}): {said}",
    "vetoed_by_review_model": "vetoed by {by} ({reviewer}, {model}): {said}",
    "not_approved": "nobody approved it until {until}",
    "overspent": "it took {times:.2f} times what the best took, and {most_spent:g} times is the most",
    "improved": "improved ({metric:.6f} {better} {best:.6f})",
    "improved_by": "improved ({metric:.6f} {better} {best:.6f} by more than {min_delta:g})",
    "no_improvement": "no improvement ({metric:.6f} {worse} {best:.6f})",
    "no_improvement_by": "no improvement by more than {min_delta:g} ({metric:.6f} {worse} {best:.6f})",
    "too_small": "too small an improvement ({metric:.6f} against {best:.6f}, {min_delta:g} asked)",
    "better": "better by {gain:.6f} ± {half_width:.6f} on {pairs:seeds}; more than {min_delta:.6f} was asked",
    "believed": (
        "better by {gain:.6f} ± {half_width:.6f} on {pairs:seeds}; {probability:sure} sure to be real"
    ),
    "no_better": (
        "no better: {gain:+.6f} ± {half_width:.6f} on {pairs:seeds}; more than {min_delta:.6f} was asked"
    ),
    "too_little": (
        "better, but not enough: {gain:+.6f} ± {half_width:.6f} on {pairs:seeds},"
        " not more than the {min_delta:.6f} that was asked"
    ),
    "too_little_by_climb": (
        "better, but not enough: {gain:+.6f} ± {half_width:.6f} on {pairs:seeds},"
        " not more than the {min_delta:.6f} that was asked, half of what seeds differ by"
    ),
    "one_seed": "better by {gain:.6f} ± {half_width:.6f}, on 1 seed alone; the rule asks for a second",
    "unsure": "better by {gain:.6f} ± {half_width:.6f} on {pairs:seeds}, which is not sure enough",
    "baseline_repeated": "the baseline, the mean of {trainings:trainings}, which differ by {of_seeds:.6f}",
    "drop": (
        "no worse without {without:name}: {gain:+.6f} ± {half_width:.6f} on {pairs:seeds};"
        " {may_lose:.6f} may be lost"
    ),
    "drop_loses": (
        "worse without {without:name}: {gain:+.6f} ± {half_width:.6f} on {pairs:seeds};"
        " {may_lose:.6f} may be lost"
    ),
    "drop_moved": "no worse without {without:name}, but {best_is:name} became the best meanwhile: ask again",
    "ablate": "{without:name} gives {gain:loss} ± {half_width:.6f} beside the others, on {pairs:seeds}",
    "flagged": "; it took {spent_times:.1f} times the {spent_of} time of its base",  # after another one
    "imported": "as it was judged there",
    "remeasured": "the best, measured again: {metric:.6f} ({before:.6f} before)",
}
