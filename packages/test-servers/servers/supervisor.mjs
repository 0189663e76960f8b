/**
 * Holds the processes of test servers for the process that forked it, and ends them, and removes
 * their directories, when that process asks for it or is gone for whatever reason (its end closes
 * the IPC channel, also after SIGKILL).
 *
 * Every process leads a group of its own, so that what it starts itself ends with it. This one
 * ignores SIGINT: Ctrl-C in a terminal reaches the whole foreground group, and the servers must
 * outlive the tests that are still cleaning up.
 *
 * Messages in: `{ id, start: { command, args, env, directory, log } }`, `{ id, stop: [pid, …] }`,
 * `{ id, keep: directory }`, `{ id, remove: directory }`. Messages out: `{ id, pid }`, `{ id, error
 * }`, `{ id }`, and `{ exited: pid, status }`.
 */
import { spawn } from 'node:child_process'
import { closeSync, openSync, rmSync } from 'node:fs'

/** Milliseconds between the request to end and the end by force. */
const patience = 5000

/** @type {Map<number, Promise<void>>} */
const running = new Map()
/** @type {Set<string>} */
const directories = new Set()
let ending = false

function start({ command, args, env, directory, log }) {
  const output = openSync(log, 'a', 0o600)
  try {
    const child = spawn(command, args, { cwd: directory, env, detached: true, stdio: ['ignore', output, output] })
    return new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('spawn', () => {
        const ended = new Promise((end) => {
          child.once('exit', (code, signal) => {
            // What it started and left behind is in its group still.
            kill(child.pid, 'SIGKILL')
            running.delete(child.pid)
            if (process.connected) process.send({ exited: child.pid, status: signal ?? code })
            end()
          })
        })
        running.set(child.pid, ended)
        resolve(child.pid)
      })
    })
  } finally {
    closeSync(output)
  }
}

/** Signals a whole group; one that is gone already is no error. */
function kill(pid, signal) {
  try {
    process.kill(-pid, signal)
  } catch (error) {
    if (error.code !== 'ESRCH') throw error
  }
}

async function stop(pids) {
  const held = pids.filter((pid) => running.has(pid))
  for (const pid of held) kill(pid, 'SIGTERM')
  const force = setTimeout(() => {
    for (const pid of held) if (running.has(pid)) kill(pid, 'SIGKILL')
  }, patience)
  await Promise.all(held.map((pid) => running.get(pid)))
  clearTimeout(force)
}

function remove(directory) {
  rmSync(directory, { recursive: true, force: true })
  directories.delete(directory)
}

async function end() {
  if (ending) return
  ending = true
  await stop([...running.keys()])
  for (const directory of directories) remove(directory)
  process.exit(0)
}

async function handle(message) {
  if (message.start !== undefined) {
    if (ending) throw new Error('the supervisor is ending')
    return { pid: await start(message.start) }
  }
  if (message.stop !== undefined) await stop(message.stop)
  if (message.keep !== undefined) directories.add(message.keep)
  if (message.remove !== undefined) remove(message.remove)
  return {}
}

process.on('SIGINT', () => undefined)
process.on('SIGTERM', end)
process.on('SIGHUP', end)
process.on('disconnect', end)
process.on('message', (message) => {
  handle(message).then(
    (reply) => process.connected && process.send({ id: message.id, ...reply }),
    (error) => process.connected && process.send({ id: message.id, error: error.message }),
  )
})
