// Runs axe-core on the page, once what moves has come to rest.
(done) => {
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  const rests = document
    .getAnimations()
    .filter((animation) => animation.effect.getComputedTiming().endTime < 1000)
    .map((animation) => animation.finished.catch(() => {}));
  Promise.all(rests)
    .then(() => axe.run(document, { runOnly: { type: "tag", values: tags }, resultTypes: ["violations"] }))
    .then(({ violations }) =>
      violations.flatMap(({ id, help, nodes }) =>
        nodes.map(({ html, failureSummary }) => `${id}: ${help}\n  ${html}\n  ${failureSummary.replace(/\n/g, "\n  ")}`)))
    .then(done, (error) => done([`axe: ${error}`]));
}
