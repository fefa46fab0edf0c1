/** How a command is refused. */

/** A command that no worker with this version of the model can obey. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}
