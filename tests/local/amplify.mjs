// AWS Amplify, as a shopper's app would use it, against a user pool at another place.
//   node amplify.mjs ENDPOINT POOL CLIENT SIGN_UP_CODE RESET_CODE
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

const [endpoint, userPoolId, userPoolClientId, signUpCode, resetCode] = process.argv.slice(2);
const require = createRequire(`${process.cwd()}/`); // the packages are where it is run
const { Amplify } = require('aws-amplify');
const auth = require('aws-amplify/auth');
const { cognitoUserPoolsTokenProvider } = require('aws-amplify/auth/cognito');

const kept = new Map();
cognitoUserPoolsTokenProvider.setKeyValueStorage({
  setItem: async (key, value) => { kept.set(key, value); },
  getItem: async (key) => kept.get(key) ?? null,
  removeItem: async (key) => { kept.delete(key); },
  clear: async () => { kept.clear(); },
});
Amplify.configure({ Auth: { Cognito: { userPoolId, userPoolClientId, userPoolEndpoint: endpoint } } });

const username = 'ada@example.com', password = 'Correct-horse-9', newPassword = 'Battery-staple-8';
const accessToken = async (options) => (await auth.fetchAuthSession(options)).tokens?.accessToken.payload;

await auth.signUp({ username, password, options: { userAttributes: { email: username } } });
await assert.rejects(auth.confirmSignUp({ username, confirmationCode: '000000' }), { name: 'CodeMismatchException' });
await auth.confirmSignUp({ username, confirmationCode: signUpCode });
await assert.rejects(auth.signIn({ username, password: newPassword }), { name: 'NotAuthorizedException' });

assert.deepEqual(await auth.signIn({ username, password }), { isSignedIn: true, nextStep: { signInStep: 'DONE' } });
const first = await accessToken();
assert.deepEqual(first['cognito:groups'], ['shoppers']);
assert.notEqual((await accessToken({ forceRefresh: true })).jti, first.jti);
await auth.signOut({ global: true });
assert.equal(await accessToken(), undefined);

await auth.resetPassword({ username });
await auth.confirmResetPassword({ username, confirmationCode: resetCode, newPassword });
assert.ok((await auth.signIn({ username, password: newPassword })).isSignedIn);
