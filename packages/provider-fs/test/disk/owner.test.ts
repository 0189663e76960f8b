import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import { newToken, ownerState } from '../../src/disk/owner.js'
import { canUnshare } from '../machine.js'

const child = fileURLToPath(new URL('../children/owner.ts', import.meta.url))
const run = promisify(execFile)

/**
 * Returns the state of this process as another process sees it, which is started by a command such
 * as `unshare`.
 */
const stateSeen = async (condition: string, ...command: string[]) => {
  const [program = process.execPath, ...args] = [...command, process.execPath, child, newToken(), condition]
  return (await run(program, args)).stdout.trim()
}

describe('the process of a token', () => {
  it('is alive while it runs, and dead after it has ended, whether its parent has noticed or not', async () => {
    expect(ownerState(newToken())).toBe('alive')
    expect(await stateSeen('')).toBe('alive')
    expect(ownerState(execFileSync(process.execPath, [child], { encoding: 'utf8' }).trim())).toBe('dead')

    // The shell is replaced by a program that does not wait for its child.
    const parent = spawn('sh', ['-c', `"${process.execPath}" "${child}" & exec sleep 600`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    onTestFinished(() => void parent.kill('SIGKILL'))
    const [token] = (await once(createInterface({ input: parent.stdout }), 'line')) as [string]
    await expect.poll(() => ownerState(token)).toBe('dead')
  })

  it('is another one if its number is reused', () => {
    const [machine, , , ...rest] = newToken().split('-')
    const ours = `${machine}-${process.pid}-1-${rest.join('-')}`.replace(/-[0-9a-f]{12}-/, '-000000000000-')
    expect(ownerState(ours)).toBe(process.platform === 'linux' ? 'dead' : 'unknown')
  })

  it('is unknown to a process that has no descriptors left to read /proc', async () => {
    expect(await stateSeen('without descriptors', 'sh', '-c', 'ulimit -n 200; exec "$@"', 'sh')).not.toBe('dead')
  })

  it.runIf(canUnshare)('is unknown to another user if processes are hidden (hidepid)', async () => {
    const hidden = 'mount -t proc -o hidepid=2 proc /proc && exec "$@"'
    expect(await stateSeen('as user 65534', 'unshare', '-m', 'sh', '-c', hidden, 'sh')).toBe('unknown')
  })

  it.runIf(canUnshare)('is unknown in another process namespace, with or without its own /proc', async () => {
    expect(await stateSeen('', 'unshare', '--pid', '--fork', '--mount-proc')).toBe('unknown')
    expect(await stateSeen('', 'unshare', '--pid', '--fork')).toBe('unknown')
  })

  it('has tokens that ext4 stores in an inode', () => {
    expect(newToken().length).toBeLessThan(60)
  })
})
