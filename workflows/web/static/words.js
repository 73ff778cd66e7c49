// What the words of a run's page mean, for whoever reads it the first time.

import { h } from "./dom.js";

const WORDS = [
  ["change tried", "One change, from its proposal to its verdict. What was measured again is a row of the table, too, but no change that was tried."],
  ["base", "What a change was made on: the best of then. A verdict compares the two under the same seeds."],
  ["seed", "What chance is drawn from in a training. Numbers of one seed may be compared; a mean over several is another number than one of its parts."],
  ["kept, discarded", "The verdict of the keep rule: a kept change is the new best, which the next one has to beat."],
  ["gain ± interval", "By how much it was better than its base, above 0 whichever way the metric goes, and half of the 95 % interval."],
  ["within noise", "The gain is smaller than its interval: chance alone may have made it."],
  ["sure", "How probable it is that the change is better at all."],
  ["fresh seeds", "Seeds by which nothing was chosen. A gain on them is not flattered by having been picked."],
  ["comparison", "A number of a candidate beside that of its base, one for each seed that both have."],
  ["not applied", "The change could not be made, or it changes nothing: nothing was trained."],
  ["search", "What proposes without an agent: it changes constants of the code."],
  ["at rest", "Nothing was asked for, from a stop or the end of what was asked for to what was asked for next."],
  ["no runner", "Something was asked for, and no process was there to do it."],
];

/** Return the words with their meanings, to stand below the keys. */
export function words() {
  return [h("h2", { text: "Words" }), h("dl", { class_: "words" }, WORDS.map(([word, meaning]) => h("div", {}, h("dt", { text: word }), h("dd", { text: meaning }))))];
}
