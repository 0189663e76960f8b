import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test, vi } from 'vitest'

const supervisor = fileURLToPath(new URL('../servers/supervisor.mjs', import.meta.url))
const holder = `
  import { fork } from 'node:child_process'
  import { mkdtempSync } from 'node:fs'
  import { tmpdir } from 'node:os'
  import { join } from 'node:path'
  const directory = mkdtempSync(join(tmpdir(), 'stowage-supervisor-'))
  const supervisor = fork(${JSON.stringify(supervisor)}, [], { execArgv: [], detached: true, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  supervisor.on('message', ({ pid }) => pid && process.send({ pid, directory }))
  supervisor.send({ id: 1, keep: directory })
  // A program that starts another one and does not listen to polite requests.
  const args = ['-c', 'trap "" TERM; sleep 1000 & wait']
  supervisor.send({ id: 2, start: { command: '/bin/sh', args, env: process.env, directory, log: join(directory, 'log') } })
`

const isAlive = (group: number) => {
  try {
    process.kill(-group, 0)
    return true
  } catch {
    return false
  }
}

test('when the tests are killed no program of a server is left, and no directory', async () => {
  const tests = spawn(process.execPath, ['--input-type=module', '-e', holder], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const { pid, directory } = await new Promise<{ pid: number; directory: string }>((resolve, reject) => {
    tests.once('message', (message) => resolve(message as { pid: number; directory: string }))
    tests.once('exit', (code) => reject(new Error(`the tests ended with ${code}`)))
  })
  expect(isAlive(pid)).toBe(true)
  tests.kill('SIGKILL')
  await vi.waitFor(() => expect([isAlive(pid), existsSync(directory)]).toEqual([false, false]), { timeout: 50_000 })
})
