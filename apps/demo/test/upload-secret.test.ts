import { chmod, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Demo, runDemo, startDemo, type Workplace, workplace } from './demo-process.js'

const fileName = '.stowage-upload-secret'
const tus = { 'Tus-Resumable': '1.0.0' }

/** Starts an upload. Returns its path. */
async function create({ url }: Demo): Promise<string> {
  const containers = `${url}/api/containers`
  await fetch(containers, { method: 'POST', body: new URLSearchParams({ name: 'photos' }) })
  const endpoint = `${containers}/photos/uploads`
  const response = await fetch(endpoint, { method: 'POST', headers: { ...tus, 'Upload-Length': '3' } })
  expect(response.status).toBe(201)
  return new URL(response.headers.get('location') ?? '', endpoint).pathname
}

const isKnown = async ({ url }: Demo, path: string) =>
  (await fetch(`${url}${path}`, { method: 'HEAD', headers: tus })).status === 200

const start = ({ directory, environment }: Workplace, more: Readonly<Record<string, string>> = {}) =>
  startDemo(directory, { ...environment, ...more })

describe('the secret of upload URLs', () => {
  test('is in a file that only its owner can read, and outlasts the process', async () => {
    await using place = await workplace()
    const path = join(place.directory, fileName)
    const first = await start(place)
    const upload = await create(first)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    const secret = await readFile(path, 'utf8')
    expect(secret.trim()).toMatch(/^[0-9a-f]{64}$/)
    for (const url of [`/${fileName}`, `/api/containers/${fileName}`]) {
      expect(await (await fetch(`${first.url}${url}`)).text()).not.toContain(secret.trim())
    }
    first.process.kill('SIGTERM')
    const { stdout, stderr } = await first.process.ended
    expect(stdout + stderr).not.toContain(secret.trim())
    await using second = await start(place)
    expect(await isKnown(second, upload)).toBe(true)
    expect(await readFile(path, 'utf8')).toBe(secret)
  })

  test('is the same for processes that start at the same time', async () => {
    await using place = await workplace()
    const demos = await Promise.all(Array.from({ length: 4 }, () => start(place)))
    try {
      const upload = await create(demos[0] as Demo)
      for (const demo of demos) expect(await isKnown(demo, upload)).toBe(true)
    } finally {
      await Promise.all(demos.map((demo) => demo[Symbol.asyncDispose]()))
    }
  })

  test('can be set, and then there is no file', async () => {
    await using place = await workplace()
    await using _demo = await start(place, { UPLOAD_SECRET: 'x'.repeat(32) })
    await expect(stat(join(place.directory, fileName))).rejects.toThrow('ENOENT')
  })

  test.skipIf(process.platform === 'win32')('in a file that others can read prevents the start', async () => {
    await using place = await workplace()
    const path = join(place.directory, fileName)
    await writeFile(path, 'x'.repeat(64))
    await chmod(path, 0o640)
    const { code, stderr } = await runDemo(place.directory, place.environment)
    expect([code, stderr]).toEqual([
      1,
      `Stowage cannot start: ${path} contains a secret and other users can read it: run "chmod 600" on it\n`,
    ])
  })

  test('that is too short prevents the start', async () => {
    await using place = await workplace()
    const path = join(place.directory, fileName)
    await writeFile(path, 'short', { mode: 0o600 })
    const { stderr } = await runDemo(place.directory, place.environment)
    expect(stderr).toContain(`${path} must contain 32 characters or more: delete it to get a new secret`)
    expect(stderr).not.toContain('short')
  })
})
