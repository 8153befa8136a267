const activityId = '8d1d6ff5-1d76-4dcc-b1be-0c65e46a0c65';
const tail =
  ' - Operation ID (for customer support): 00000000-0000-0000-0000-000000000000' +
  ` - Activity ID: ${activityId}` +
  ' - Url: https://fef.msub02.manage.microsoft.com/TrafficGateway/StatelessOnboardingService/x?api-version=5018';

const inner = {
  'request-id': 'inner-request',
  'client-request-id': 'inner-client',
  date: '2022-03-30T18:47:41',
};

function textOfShapeA(text: string): string {
  const others = { CustomApiErrorPhrase: '', RetryAfter: null, ErrorSourceService: '' };
  const content = { _version: 3, Message: `${text}${tail}`, ...others, HttpHeaders: '{}' };
  return JSON.stringify(content, null, 2).replaceAll('\n', '\r\n');
}

/** The shapes of Intune's errors as public bug reports show them, around a text. */
export const intuneErrors = {
  jsonInString: (code: string, text: string) => ({
    error: { code, message: textOfShapeA(text), innerError: inner },
  }),
  jsonInStringTwice: (code: string, text: string) => ({
    error: {
      code: 'UnknownError',
      message: JSON.stringify({
        ErrorCode: code,
        Message: textOfShapeA(text),
        Target: null,
        Details: null,
        InnerError: null,
        InstanceAnnotations: [],
      }),
      innerError: inner,
    },
  }),
  plainWithTail: (code: string, text: string) => ({
    error: { code, message: `${text}\r\n${tail}\r\n - CustomApiErrorPhrase: `, innerError: inner },
  }),
  modelValidation: (text: string) => ({
    error: {
      code: 'ModelValidationFailure',
      message: text,
      innerError: { message: text, ...inner },
    },
  }),
};
