/** A reporter for node:test that writes only the sums of a run, as JSON. */
export default async function* countReporter(events) {
  for await (const { type, data } of events) {
    // One summary comes for each file; the last, without a file, is of the whole run.
    if (type !== 'test:summary' || data.file !== undefined) continue;
    const { passed, failed, cancelled, skipped, todo } = data.counts;
    yield JSON.stringify({ passed, failed: failed + cancelled, skipped: skipped + todo });
  }
}
