import { execFile } from 'node:child_process'
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { AccountSASPermissions, AccountSASResourceTypes } from '@azure/storage-blob'
import { StorageService } from '@stowage/core'
import { describeServer, requirePackages } from '@stowage/test-servers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { AzureProvider } from '../src/index.js'

const MiB = 1024 ** 2
const run = promisify(execFile)
const hash = (algorithm: string, content: Uint8Array) => createHash(algorithm).update(content).digest('hex')

/** Names that a directory, Azure and rclone store unchanged. */
const names = [
  'plain.txt',
  'a b/ü + 100%.txt',
  ' between blanks ',
  '.hidden/..twice',
  'émoji 👩‍👩‍👧‍👦.txt',
  '日本語/（株）契約書.pdf',
  'q\'uotes "double" `tick`',
  'a?b#c&d=e',
  '%2e%2e%2fup',
  '<angle>:|*',
]

interface Shown {
  readonly Size: number
  readonly MimeType: string
  readonly ModTime: string
  readonly Hashes?: { readonly md5?: string }
}

/** rclone, an independent client of Azure, written in Go. Each reads the files of the other. */
describeServer('azurite', ({ storageAccount, storageAccessKey, endpoint }) => {
  const provider = new AzureProvider({ storageAccount, storageAccessKey, endpoint })
  const storage = new StorageService(provider)
  const container = `exchange-${randomUUID()}`
  let directory: string
  const localPath = (name: string) => join(directory, name)
  const remotePath = (name: string) => `there:${container}/${name}`

  // The rclone of Debian 12 accepts another endpoint only in a shared access signature.
  const signature = provider.native.generateAccountSasUrl(
    new Date(Date.now() + 3600_000),
    AccountSASPermissions.parse('rwdlac'),
    AccountSASResourceTypes.parse('sco').toString(),
  )
  const rclone = async (...args: string[]) => {
    // Without the rest of the environment: its settings for Azure are not for this server.
    const env = {
      PATH: process.env['PATH'],
      RCLONE_CONFIG: localPath('rclone.conf'),
      RCLONE_CONFIG_THERE_TYPE: 'azureblob',
      RCLONE_CONFIG_THERE_SAS_URL: signature,
      RCLONE_AZUREBLOB_CHUNK_SIZE: '4M',
    }
    return (await run('rclone', args, { env })).stdout
  }
  const show = async (name: string) => JSON.parse(await rclone('lsjson', '--stat', '--hash', remotePath(name))) as Shown

  beforeAll(async () => {
    await requirePackages('rclone', ['rclone'])
    directory = await mkdtemp(join(tmpdir(), 'stowage-exchange-'))
    await writeFile(localPath('rclone.conf'), '')
    await storage.createContainer({ name: container })
  }, 600_000)
  afterAll(async () => {
    await storage.destroyContainer(container)
    await storage.close()
    await rm(directory, { recursive: true })
  })

  test('rclone reads files of the provider, with every kind of name', async () => {
    for (const name of names) await storage.putFile(container, `ours/${name}`, name)
    const folder = localPath('ours')
    await rclone('copy', remotePath('ours'), folder)
    const files = await readdir(folder, { recursive: true, withFileTypes: true })
    const paths = files.filter((file) => file.isFile()).map(({ parentPath, name }) => join(parentPath, name))
    expect(paths.toSorted()).toEqual(names.map((name) => join(folder, name)).toSorted())
    for (const path of paths) expect(join(folder, await readFile(path, 'utf8'))).toBe(path)
  })

  test('the provider reads files of rclone, with every kind of name', async () => {
    const folder = localPath('theirs')
    for (const name of names) {
      await mkdir(dirname(join(folder, name)), { recursive: true })
      await writeFile(join(folder, name), name)
    }
    await rclone('copy', folder, remotePath('theirs'))
    const files = await storage.getFiles(container, { prefix: 'theirs/' })
    expect(files.map(({ name }) => name).toSorted()).toEqual(names.map((name) => `theirs/${name}`).toSorted())
    for (const { name } of files) {
      expect(`theirs/${await (await storage.openFile(container, name)).text()}`).toBe(name)
    }
  })

  test.each([
    ['back\\slash', '\uffeeback[bslash'],
    ['dot.', '\uffeedot-d'],
    ['Acme Inc./report.pdf', '\uffeeAcme _Inc-d-sreport-dpdf'],
  ])('rclone sees %j, which Azure rejects, under the name that the README states', async (name, stored) => {
    await storage.putFile(container, name, `in ${name}`)
    expect(await rclone('cat', remotePath(stored))).toBe(`in ${name}`)
    await rclone('copyto', remotePath(stored), localPath('copied'))
    await storage.removeFile(container, name)
    await rclone('copyto', localPath('copied'), remotePath(stored))
    expect(await (await storage.openFile(container, name)).text()).toBe(`in ${name}`)
    await storage.removeFile(container, name)
  })

  test('rclone reads the type, metadata and MD5 of a file of the provider', async () => {
    const metadata = { mtime: '2001-02-03T04:05:06.000000000Z' }
    await storage.putFile(container, 'facts', 'text', { contentType: 'image/x-ours', metadata })
    expect(await show('facts')).toMatchObject({
      Size: 4,
      MimeType: 'image/x-ours',
      ModTime: metadata.mtime,
      Hashes: { md5: hash('md5', Buffer.from('text')) },
    })
  })

  test('the provider reads the type, metadata and MD5 of a file of rclone', async () => {
    await writeFile(localPath('page.html'), 'text')
    await rclone('touch', '--timestamp', '2001-02-03T04:05:06', localPath('page.html'))
    await rclone('copyto', localPath('page.html'), remotePath('page.html'))
    expect(await storage.getFile(container, 'page.html')).toMatchObject({
      size: 4,
      contentType: 'text/html; charset=utf-8',
      metadata: { mtime: '2001-02-03T04:05:06.000000000Z' },
      checksums: { md5: hash('md5', Buffer.from('text')) },
    })
  })

  test('each reads a large file in parts of the other, with its MD5', async () => {
    const content = randomBytes(12 * MiB + 1)
    const md5 = hash('md5', content)
    await storage.putFile(container, 'by us', content, { partSize: 4 * MiB, checksums: { md5 } })
    await rclone('copyto', remotePath('by us'), localPath('large'))
    expect(hash('md5', await readFile(localPath('large')))).toBe(md5)
    expect((await show('by us')).Hashes?.md5).toBe(md5)

    await rclone('copyto', localPath('large'), remotePath('by rclone'))
    expect((await storage.getFile(container, 'by rclone')).checksums.md5).toBe(md5)
    expect(hash('md5', await (await storage.openFile(container, 'by rclone')).bytes())).toBe(md5)
    const { committedBlocks = [] } = await provider.native
      .getContainerClient(container)
      .getBlockBlobClient('by rclone')
      .getBlockList('committed')
    expect(committedBlocks.length).toBeGreaterThan(1)
  })

  test('rclone does not list an unfinished upload', async () => {
    const upload = await storage.startUpload(container, 'unfinished/file', { partSize: MiB })
    await storage.uploadPart(upload, 1, Buffer.alloc(MiB))
    expect(await rclone('lsf', '-R', remotePath('unfinished'))).toBe('')
    await storage.abortUpload(upload)
  })
})
