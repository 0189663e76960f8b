import { expect, test } from 'vitest'
import { signIn, startRackspace, startSwift } from '../src/index.js'

test('Swift takes the tokens that Keystone and the Rackspace stand-in give, until it is stopped', {
  timeout: 600_000,
}, async () => {
  const swift = await startSwift()
  const { username, password, projectName: project, authUrl, local } = swift
  if (local === undefined) return swift.stop()
  const account = `${local.url}/v1/AUTH_${local.user.projectId}`
  const statusFor = async (token: string) => (await fetch(account, { headers: { 'X-Auth-Token': token } })).status
  expect(await statusFor(await signIn(authUrl, { username, password, project }))).toBe(204)
  expect(await statusFor('none')).toBe(401)

  const rackspace = await startRackspace(swift)
  const { username: name, apiKey } = rackspace
  const signedIn = await fetch(`${rackspace.authUrl}/v2.0/tokens`, {
    method: 'POST',
    body: JSON.stringify({ auth: { 'RAX-KSKEY:apiKeyCredentials': { username: name, apiKey } } }),
  })
  const { access } = (await signedIn.json()) as { access: { token: { id: string } } }
  expect(await statusFor(access.token.id)).toBe(204)
  await rackspace.stop()

  await swift.stop()
  await expect(fetch(account)).rejects.toThrow()
})
