import { spawnSync } from 'node:child_process'
import { copyFile, glob } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { startDemo, workplace } from './demo-process.js'
import { readExamples } from './documents/examples.js'
import { readersDirectory, runProgram } from './documents/run.js'

const repository = join(import.meta.dirname, '..', '..', '..')

/** Documents whose examples are no whole programs, or need a service that a test has not. */
const fragments = [
  'docs/writing-a-provider.md',
  'packages/provider-{memory,s3,azure,openstack,rackspace}/README.md',
  'packages/{swift,test-servers}/README.md',
]

const found = await Array.fromAsync(
  glob(['README.md', 'docs/*.md', 'packages/*/README.md'], { cwd: repository, exclude: fragments }),
)
const documents = await Promise.all(
  found.toSorted().map(async (name) => ({ name, ...(await readExamples(join(repository, name))) })),
)

test('the documents are found', () => {
  expect(found).toEqual(expect.arrayContaining(['README.md', join('docs', 'getting-started.md')]))
})

test('what only examples import is installed', () => {
  expect(import.meta.resolve('@opentelemetry/api')).toMatch(/^file:/)
})

const withExamples = documents.filter(({ programs, requests }) => programs.length + requests.length > 0)

describe.each(withExamples)('$name', ({ programs, files, requests }) => {
  for (const { line, source } of programs) {
    test(`the program at line ${line} runs to its end, or serves`, async () => {
      const { code, output, status } = await runProgram(source, files)
      if (status === undefined) expect(code, output).toBe(0)
      else expect(status, output).toBeLessThan(500)
    })
  }

  if (requests.length === 0) return

  test('the requests with curl succeed, one after the other', async ({ skip }) => {
    skip(!hasCurl(), 'there is no curl on this machine')
    await using place = await workplace()
    await using demo = await startDemo(place.directory, place.environment)
    await using reader = await readersDirectory(
      new Map([...files, ['.curlrc', 'fail-with-body\nsilent\nshow-error\n']]),
    )
    await copyFile(join(repository, 'README.md'), join(reader.path, 'README.md'))
    for (const { line, source } of requests) {
      const script = source.replaceAll(/http:\/\/(?:127\.0\.0\.1|localhost):3000/g, demo.url)
      const { status, stdout, stderr } = spawnSync('sh', ['-e', '-c', script], {
        cwd: reader.path,
        env: { ...process.env, CURL_HOME: reader.path },
        encoding: 'utf8',
        timeout: 30_000,
      })
      expect(status, `line ${line}: ${stdout}${stderr}`).toBe(0)
    }
  })
})

function hasCurl(): boolean {
  return spawnSync('curl', ['--version']).status === 0
}
