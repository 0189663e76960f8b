import { execFile } from 'node:child_process'
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { StorageService } from '@stowage/core'
import { compareNames } from '@stowage/core/provider'
import { describeServer, requirePackages } from '@stowage/test-servers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { S3Provider } from '../src/index.js'

const MiB = 1024 ** 2
const run = promisify(execFile)
const hash = (algorithm: string, content: Uint8Array) => createHash(algorithm).update(content).digest('hex')

/**
 * An independent client of S3, on the command line. `remote` is a file's name, or a folder's with a
 * slash at its end.
 */
interface Client {
  /** The name of the Debian package and of the command. */
  readonly name: string
  /**
   * Uploads a local file or folder with a content type and the metadata `author`. Larger files are
   * sent in parts of 5 MiB.
   */
  put(path: string, remote: string): Promise<unknown>
  get(remote: string, path: string): Promise<unknown>
  /** Prints a file's properties, with its content type and metadata. */
  show(file: string): Promise<string>
}

const names = [
  'plain.txt',
  'folder/in/folder.txt',
  'a b/ü + 100%.txt',
  'émoji 👩‍👩‍👧‍👦.txt',
  'NFD e\u0301, NFC \u00e9',
  '漢字/שלום.txt',
  '#?&=;:@,$!(x)\'"`~^|<>',
  '[a-z]*{b,c}',
  'back\\slash',
  '%2e%2e%2F',
  '-dash',
  '.hidden',
  'dots...',
  '__proto__',
]

describeServer('ceph', ({ endpoint = '', region, key, keyId }) => {
  const storage = new StorageService(new S3Provider({ endpoint, region, key, keyId }))
  const container = `exchange-${randomUUID()}`
  let directory: string
  const localPath = (name: string) => join(directory, name)

  const s3cmd = async (...args: string[]) => {
    const { host } = new URL(endpoint)
    const { stdout } = await run('s3cmd', [
      ...['--config', localPath('s3cfg'), '--no-ssl', '--host', host, '--host-bucket', host, '--region', region],
      ...['--access_key', keyId, '--secret_key', key, '--no-progress', '--multipart-chunk-size-mb', '5', ...args],
    ])
    return stdout
  }
  const rclone = async (...args: string[]) => {
    // Without the rest of the environment: its settings for S3 and certificates are not for this
    // server.
    const env = {
      PATH: process.env['PATH'],
      RCLONE_CONFIG: localPath('rclone.conf'),
      RCLONE_CONFIG_THERE_TYPE: 's3',
      RCLONE_CONFIG_THERE_PROVIDER: 'Ceph',
      RCLONE_CONFIG_THERE_ENDPOINT: endpoint,
      RCLONE_CONFIG_THERE_REGION: region,
      RCLONE_CONFIG_THERE_ACCESS_KEY_ID: keyId,
      RCLONE_CONFIG_THERE_SECRET_ACCESS_KEY: key,
      RCLONE_S3_CHUNK_SIZE: '5M',
      RCLONE_S3_UPLOAD_CUTOFF: '5M',
    }
    return (await run('rclone', args, { env })).stdout
  }
  const clients: readonly Client[] = [
    {
      name: 's3cmd',
      put: (path, remote) =>
        s3cmd(
          ...[remote.endsWith('/') ? 'sync' : 'put', '--mime-type', 'text/x-theirs'],
          ...['--add-header', 'x-amz-meta-author: Jane Doe', path, `s3://${container}/${remote}`],
        ),
      get: (remote, path) => s3cmd(remote.endsWith('/') ? 'sync' : 'get', `s3://${container}/${remote}`, path),
      show: (file) => s3cmd('info', `s3://${container}/${file}`),
    },
    {
      name: 'rclone',
      put: (path, remote) =>
        rclone(
          ...[remote.endsWith('/') ? 'copy' : 'copyto', '--header-upload', 'Content-Type: text/x-theirs'],
          ...['--metadata', '--metadata-set', 'author=Jane Doe', path, `there:${container}/${remote}`],
        ),
      get: (remote, path) => rclone(remote.endsWith('/') ? 'copy' : 'copyto', `there:${container}/${remote}`, path),
      show: (file) => rclone('lsjson', '--stat', '--metadata', `there:${container}/${file}`),
    },
  ]

  beforeAll(async () => {
    for (const { name } of clients) await requirePackages(name, [name])
    directory = await mkdtemp(join(tmpdir(), 'stowage-exchange-'))
    await writeFile(localPath('s3cfg'), '[default]\nsignature_v2 = False\n')
    await writeFile(localPath('rclone.conf'), '')
    await storage.createContainer({ name: container })
  })
  afterAll(async () => {
    await storage.destroyContainer(container)
    await storage.close()
    await rm(directory, { recursive: true })
  })

  describe.each(clients)('$name', ({ name: client, put, get, show }) => {
    test('reads files of the provider, with every kind of name', async () => {
      for (const name of names) await storage.putFile(container, `ours for ${client}/${name}`, name)
      const folder = localPath(`ours for ${client}/`)
      await get(`ours for ${client}/`, folder)
      const files = await readdir(folder, { recursive: true, withFileTypes: true })
      const paths = files.filter((file) => file.isFile()).map(({ parentPath, name }) => join(parentPath, name))
      expect(paths.toSorted()).toEqual(names.map((name) => join(folder, name)).toSorted())
      for (const path of paths) expect(join(folder, await readFile(path, 'utf8'))).toBe(path)
    })

    test('writes files that the provider reads, with every kind of name', async () => {
      const folder = localPath(`by ${client}/`)
      for (const name of names) {
        await mkdir(dirname(join(folder, name)), { recursive: true })
        await writeFile(join(folder, name), name)
      }
      await put(folder, `by ${client}/`)
      const found = await storage.getFiles(container, { prefix: `by ${client}/` })
      expect(found.map(({ name }) => name)).toEqual(names.map((name) => `by ${client}/${name}`).toSorted(compareNames))
      for (const { name } of found) {
        expect(`by ${client}/${await (await storage.openFile(container, name)).text()}`).toBe(name)
      }
    })

    test('shows the type and the metadata of files of the provider, and the provider shows those of its files', async () => {
      await storage.putFile(container, 'facts', 'x', { contentType: 'image/x-ours', metadata: { author: 'John Doe' } })
      const shown = await show('facts')
      expect(shown).toContain('image/x-ours')
      expect(shown).toMatch(/author["\s:]+John Doe/)

      await writeFile(localPath('facts'), 'theirs')
      await put(localPath('facts'), 'facts')
      const { contentType, metadata } = await storage.getFile(container, 'facts')
      expect(contentType).toBe('text/x-theirs')
      expect(metadata).toMatchObject({ author: 'Jane Doe' })
    })

    test('reads a large file that the provider uploaded in parts, and uploads one that the provider reads', async () => {
      const content = randomBytes(12 * MiB + 1)
      const path = localPath(`large for ${client}`)
      await storage.putFile(container, 'ours', content, { partSize: 5 * MiB })
      await get('ours', path)
      expect(hash('sha256', await readFile(path))).toBe(hash('sha256', content))

      await put(path, `large by ${client}`)
      expect((await storage.getFile(container, `large by ${client}`)).etag).toMatch(/-3"$/)
      const read = await (await storage.openFile(container, `large by ${client}`)).bytes()
      expect(hash('sha256', read)).toBe(hash('sha256', content))
    })
  })

  test('rclone and the provider agree on the MD5 of a file in parts', async () => {
    const content = randomBytes(6 * MiB)
    const md5 = hash('md5', content)
    await writeFile(localPath('parts'), content)
    await rclone('copyto', localPath('parts'), `there:${container}/by rclone`)
    expect((await storage.getFile(container, 'by rclone')).checksums.md5).toBe(md5)
    await storage.putFile(container, 'by us', content, { partSize: 5 * MiB, checksums: { md5 } })
    expect(await rclone('md5sum', `there:${container}/by us`)).toContain(md5)
  })
})
