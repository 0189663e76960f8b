import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { allCases, type SuiteResult } from '../src/index.js'
import { startStowage } from './servers.ts'

const program = fileURLToPath(new URL('../dist/main.js', import.meta.url))

const node = (...args: readonly string[]) =>
  new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    const cwd = fileURLToPath(new URL('.', import.meta.url))
    execFile(process.execPath, args, { cwd }, (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    )
  })

const run = (...args: readonly string[]) => node(program, ...args)

it('prints cases and counts, and is 0 if nothing that must hold fails', async () => {
  const { url, content } = await startStowage()
  const { code, stdout } = await run(url, '--content', content, '--only', 'tus/c')
  expect(stdout).toContain('✓ tus/core/head  HEAD of a new upload has the offset 0 and the length\n')
  expect(stdout).toContain('not offered: no concatenation-unfinished in Tus-Extension\n')
  expect(stdout).toMatch(/\ntus: must (\d+) of \1, should (\d+) of \2, practice (\d+) of \3; not offered: 1\n/)
  expect(code).toBe(0)
})

it('is 1 if something fails that must hold, and says what', async () => {
  const { url } = await startStowage({ response: (_, fields) => void delete fields['cache-control'] })
  const { code, stdout } = await run(url, '--only', 'tus/core/head')
  expect(stdout).toContain('✗ tus/core/head-no-store')
  expect(stdout).toContain('    must, section “HEAD”\n    HEAD: 200 without Cache-Control\n')
  expect(code).toBe(1)
})

it('is 0 if only something fails that should hold', async () => {
  const { url } = await startStowage({ response: (_, fields) => void delete fields['cache-control'] })
  const { code, stdout } = await run(url, '--only', 'ietf/offset/no-store')
  expect(stdout).toContain('✗ ietf/offset/no-store')
  expect(code).toBe(0)
})

it('prints JSON, and sends headers', async () => {
  const { url } = await startStowage({
    request: (req, res) => {
      if (req.headers.authorization === 'Bearer abc') return false
      res.writeHead(401).end()
      return true
    },
  })
  const { code, stdout } = await run(url, '--json', '--only', 'tus/core/patch', '--header', 'Authorization: Bearer abc')
  const { totals, cases } = JSON.parse(stdout) as SuiteResult
  expect(totals.tus.failed).toBe(0)
  expect(cases.every(({ id }) => id.startsWith('tus/core/patch'))).toBe(true)
  expect(code).toBe(0)
})

it('lists the cases, and prints its usage', async () => {
  expect((await run('--list')).stdout.trim().split('\n')).toHaveLength(allCases.length)
  expect((await run('--help')).stdout).toMatch(/^Usage: upload-conformance \[options\] URL\n/)
})

it.each([
  [[], 'exactly one URL is required'],
  [['ftp://example.com'], '"ftp://example.com" is not an http or https URL'],
  [['http://127.0.0.1:1/', '--header', 'none'], '--header "none" must be "Name: value"'],
  [['http://127.0.0.1:1/', '--timeout', '0'], '--timeout must be a whole number from 1, not "0"'],
  [['http://127.0.0.1:1/', '--colour'], 'Unknown option'],
  [['http://127.0.0.1:1/'], 'OPTIONS: no response'],
])('%j is an error', async (args, message) => {
  const { code, stderr } = await run(...args)
  expect(stderr).toContain(message)
  expect(code).toBe(2)
})

it('the program in the README runs', async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8')
  const [, source = ''] = /```js\n([\s\S]*?)```/.exec(readme) ?? []
  const { url } = await startStowage()
  const text = source.replace('http://localhost:3000/files', url)
  expect(text).not.toBe(source)
  const { code, stdout, stderr } = await node('--input-type=module', '--eval', text)
  expect(stdout, stderr).toMatch(/^\{ passed: \d+, failed: 0, refused: \d+ \}\n$/)
  expect(code).toBe(0)
})
