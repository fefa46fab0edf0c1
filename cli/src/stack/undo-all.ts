/** Ends what was started, the last first. A part that cannot be ended does not keep the others running. */

/** @throws the error of the step that failed, or an AggregateError of several, after all have run */
export async function undoAll(steps: readonly (() => unknown)[]): Promise<void> {
  const errors: unknown[] = [];
  for (const step of steps.toReversed()) {
    try {
      await step();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 1) throw new AggregateError(errors, `several parts could not be ended: ${errors.map(String).join('; ')}`);
  if (errors.length === 1) throw errors[0];
}
