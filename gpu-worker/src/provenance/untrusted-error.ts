/** A verdict on a file, where other errors are of the machine: another try would end the same. */
export class UntrustedError extends Error {
  override readonly name = 'UntrustedError';
}
