/** A refusal as AWS words it: the code on the wire (never with "Exception" at its end), a message for people, an HTTP status. */
export class AwsError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly status = 400,
  ) {
    super(message);
    this.name = 'AwsError';
  }
}

export function validationError(message: string): AwsError {
  return new AwsError('ValidationError', message);
}
