import { glob } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Demo, startDemo, type Workplace, workplace } from './demo-process.js'
import { readExamples } from './documents/examples.js'
import { canRun, runRequest } from './documents/requests.js'
import { runProgram } from './documents/run.js'

const repository = join(import.meta.dirname, '..', '..', '..')

/**
 * Documents whose examples are no whole programs, need a service that a test has not, or run in
 * their own package's tests.
 */
const fragments = [
  'docs/upload-policy.md',
  'packages/provider-{memory,s3,azure,openstack,rackspace}/README.md',
  'packages/{swift,http-transport,test-servers,loopback-connector,upload-conformance}/README.md',
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
    test(`the program at line ${line} runs to its end, or serves, and does so again`, async () => {
      for (const { code, output, status } of await runProgram(source, files)) {
        if (status === undefined) expect(code, output).toBe(0)
        else expect(status, output).toBeLessThan(500)
      }
    })
  }

  if (requests.length === 0) return

  describe('with curl', () => {
    let place: Workplace
    let demo: Demo

    beforeAll(async () => {
      place = await workplace()
      demo = await startDemo(place.directory, place.environment)
    })

    afterAll(async () => {
      await demo[Symbol.asyncDispose]()
      await place[Symbol.asyncDispose]()
    })

    for (const { line, source } of requests) {
      test(`the request at line ${line} is understood`, async ({ skip }) => {
        skip(!canRun(source), 'a program that it calls is not on this machine')
        const { code, status, output } = await runRequest(source, demo.url)
        expect(code, output).toBe(0)
        // It may find that a container exists already, or that a file is another version than it
        // asks for.
        expect(status === 409 || status === 412 || (status >= 200 && status <= 299), output).toBe(true)
      })
    }
  })
})
