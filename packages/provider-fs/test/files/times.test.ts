import { execFileSync } from 'node:child_process'
import { mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { newDirectory, openProvider, plain, put, reading, readText } from '../fixture.js'
import { canMountImages, canUnshare, mounted, mountedExt4 } from '../machine.js'

const kept = { contentType: 'a/b', metadata: { key: 'value' } }
const options = { ...reading, native: {} }

/**
 * Limits of times: floating-point microseconds, signed and unsigned 32-bit seconds, ext4, whole
 * seconds as numbers.
 */
const times = [
  '1901-12-13T20:45:52Z',
  '1969-12-31T23:59:59.5Z',
  '1970-01-01T00:00:00Z',
  '2038-01-19T03:14:07.999999999Z',
  '2106-02-07T06:28:15.999999999Z',
  '2255-06-05T23:47:35Z',
  '2300-01-01T00:00:00.123456789Z',
  '2446-05-10T22:38:55Z',
  '@253402300800',
  '@9007199254740993',
  '@9223372036854775807',
]

const volumes = [
  ['the file system of temporary files', true, newDirectory],
  ['ext4', canMountImages, () => mountedExt4(8_388_608)],
  ['ext4 with times of whole seconds, until 2038', canMountImages, () => mountedExt4(8_388_608, '-I', '128')],
  ['tmpfs', canUnshare, () => mounted('-t', 'tmpfs', '-o', 'size=8m', 'tmpfs')],
] as const

describe.each(volumes)('a file of any time (%s)', (_, isPossible, volume) => {
  it.runIf(isPossible)(
    'is replaced by unique versions with their attributes, and can be the target of a move',
    async () => {
      const root = join(await volume(), 'root')
      await mkdir(join(root, 'box'), { recursive: true })
      const provider = openProvider(root)
      for (const time of times) {
        await put(provider, 'file', 'x')
        await put(provider, 'other', 'y', { attributes: kept })
        const path = join(root, 'box', 'file')
        try {
          execFileSync('touch', ['-d', time, path], { stdio: 'ignore' })
        } catch {
          // This file system or this program rejects the time.
          continue
        }
        const before = await provider.getFile('box', 'file', reading)
        expect(JSON.parse(JSON.stringify(before)).etag).toBe(before.etag)
        const etags = new Set([before.etag])
        for (const attributes of [plain, kept, kept, plain]) {
          const written = await put(provider, 'file', 'x', {
            attributes,
            conditions: { ifMatch: [...etags].at(-1) ?? '' },
          })
          etags.add(written.etag)
          expect(await provider.getFile('box', 'file', reading)).toMatchObject({ etag: written.etag, ...attributes })
          await expect(put(provider, 'file', 'x', { conditions: { ifMatch: before.etag } })).rejects.toMatchObject({
            code: 'PRECONDITION_FAILED',
          })
        }
        expect(etags.size).toBe(5)
        execFileSync('touch', ['-d', time, path], { stdio: 'ignore' })
        const { etag } = await provider.getFile('box', 'file', reading)
        const moved = await provider.moveFile(
          { container: 'box', file: 'other' },
          { container: 'box', file: 'file' },
          options,
        )
        expect(moved.etag).not.toBe(etag)
        expect(await provider.getFile('box', 'file', reading)).toMatchObject({ etag: moved.etag, ...kept })
        expect(await readText(provider, 'file')).toBe('y')
        expect((await stat(path)).nlink).toBe(1)
      }
    },
  )
})
