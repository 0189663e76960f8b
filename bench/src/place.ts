/**
 * The directory of the bench: in memory if there is space, so that no disk is measured, else on the
 * disk.
 */
import { existsSync, rmSync } from 'node:fs'
import { mkdtemp, readFile, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const inMemory = '/dev/shm'

/** Bytes that are never taken: of memory, for the machine's other users, and of the disk. */
const reserve = 4 * 1024 ** 3

export interface Place extends AsyncDisposable {
  readonly path: string
  readonly kind: 'tmpfs' | 'disk'
}

/**
 * A directory with space for a number of bytes. It is deleted at the end, also if a signal ends the
 * bench.
 */
export async function takePlace(bytes: number): Promise<Place> {
  const kind = (await hasMemory(bytes)) ? 'tmpfs' : 'disk'
  const parent = kind === 'tmpfs' ? inMemory : tmpdir()
  const { bavail, bsize } = await statfs(parent)
  if (bavail * bsize < bytes + reserve) throw new Error(`${parent} has no room for ${Math.ceil(bytes / 1024 ** 3)} GiB`)
  const path = await mkdtemp(join(parent, 'stowage-bench-'))
  const remove = () => rmSync(path, { recursive: true, force: true })
  process.on('exit', remove)
  return {
    path,
    kind,
    [Symbol.asyncDispose]: async () => {
      process.off('exit', remove)
      remove()
    },
  }
}

async function hasMemory(bytes: number): Promise<boolean> {
  if (!existsSync(inMemory)) return false
  const { bavail, bsize } = await statfs(inMemory)
  const available = /^MemAvailable:\s+(\d+) kB/m.exec(await readFile('/proc/meminfo', 'latin1'))?.[1]
  return Math.min(bavail * bsize, Number(available) * 1024) > bytes + reserve
}
