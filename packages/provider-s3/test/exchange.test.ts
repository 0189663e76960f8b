import { execFile } from 'node:child_process'
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { StorageService } from '@stowage/core'
import { describeServer, requirePackages } from '@stowage/test-servers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { S3Provider } from '../src/index.js'

const MiB = 1024 ** 2
const run = promisify(execFile)

/** s3cmd, an independent client of S3 written in Python: what it writes we read, and the reverse. */
describeServer('ceph', ({ endpoint, region, key, keyId }) => {
  const storage = new StorageService(new S3Provider({ endpoint, region, key, keyId }))
  const container = `exchange-${randomUUID()}`
  let directory: string
  const s3cmd = async (...args: string[]) => {
    const host = new URL(endpoint as string).host
    const { stdout } = await run('s3cmd', [
      ...['--config', join(directory, 's3cfg'), '--no-ssl', '--host', host, '--host-bucket', host],
      ...['--access_key', keyId, '--secret_key', key, '--region', region, '--no-progress', ...args],
    ])
    return stdout
  }
  const url = (file: string) => `s3://${container}/${file}`

  beforeAll(async () => {
    await requirePackages('s3cmd', ['s3cmd'])
    directory = await mkdtemp(join(tmpdir(), 'stowage-exchange-'))
    await writeFile(join(directory, 's3cfg'), '[default]\nsignature_v2 = False\n')
    await storage.createContainer({ name: container })
  })
  afterAll(async () => {
    await storage.destroyContainer(container)
    await storage.close()
    await rm(directory, { recursive: true })
  })

  test.each(['plain.txt', 'a b/ü + 100%.txt', 'émoji 👩‍👩‍👧‍👦.txt'])('a file named %s goes both ways', async (file) => {
    const here = join(directory, 'here')
    await storage.putFile(container, file, `ours ${file}`)
    await s3cmd('get', '--force', url(file), here)
    expect(await readFile(here, 'utf8')).toBe(`ours ${file}`)
    expect(await s3cmd('ls', '--recursive', url(''))).toContain(url(file))

    await writeFile(here, `theirs ${file}`)
    await s3cmd('put', '--add-header', 'x-amz-meta-author: Jane', '--mime-type', 'text/x-theirs', here, url(file))
    expect(await (await storage.openFile(container, file)).text()).toBe(`theirs ${file}`)
    expect(await storage.getFile(container, file)).toMatchObject({
      contentType: 'text/x-theirs',
      metadata: { author: 'Jane' },
    })
  })

  test('type and metadata of ours are theirs', async () => {
    await storage.putFile(container, 'facts', 'x', { contentType: 'image/x-ours', metadata: { author: 'Jane Doe' } })
    const info = await s3cmd('info', url('facts'))
    expect(info).toContain('image/x-ours')
    expect(info).toMatch(/x-amz-meta-author: +Jane Doe/)
  })

  test('a large file in parts goes both ways', async () => {
    const content = randomBytes(12 * MiB + 1)
    const hash = createHash('sha256').update(content).digest('hex')
    const here = join(directory, 'large')
    await storage.putFile(container, 'ours', content, { partSize: 5 * MiB })
    await s3cmd('get', '--force', url('ours'), here)
    expect(
      createHash('sha256')
        .update(await readFile(here))
        .digest('hex'),
    ).toBe(hash)

    await s3cmd('put', '--multipart-chunk-size-mb', '5', here, url('theirs'))
    const read = await (await storage.openFile(container, 'theirs')).bytes()
    expect(createHash('sha256').update(read).digest('hex')).toBe(hash)
  })
})
