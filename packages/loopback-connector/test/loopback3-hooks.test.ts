import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import loopback from 'loopback'
import explorer from 'loopback-component-explorer'
import { describe, expect, it } from 'vitest'
import { remoteMethods } from '../src/remote-methods.js'
import { form, json, startOnDirectory } from './tools/loopback3-app.js'

describe('remote hooks', () => {
  it('run before and after an upload, with its container and its result', async () => {
    const { container, fetch } = await startOnDirectory()
    const seen: unknown[] = []
    container.beforeRemote('upload', ({ args }, _unused, next) => {
      seen.push(args['container'])
      next()
    })
    container.afterRemote('upload', (_context, result, next) => {
      seen.push(result)
      next()
    })
    await fetch('/containers/album/upload', form({ name: 'sea.txt', content: 'waves' }))
    expect(seen).toMatchObject(['album', { result: { files: { file: [{ name: 'sea.txt', size: 5 }] } } }])
  })

  it('run before and after a download, and can refuse it', async () => {
    const { container, fetch, root } = await startOnDirectory()
    await writeFile(join(root, 'album', 'sea.txt'), 'waves')
    const seen: string[] = []
    container.beforeRemote('download', ({ args }, _unused, next) => {
      seen.push(`before ${args['file']}`)
      next(args['file'] === 'secret' ? Object.assign(new Error('no'), { statusCode: 403 }) : undefined)
    })
    const after = new Promise<void>((resolve) => {
      container.afterRemote('download', (_context, _unused, next) => {
        seen.push('after')
        next()
        resolve()
      })
    })
    expect(await (await fetch('/containers/album/download/sea.txt')).text()).toBe('waves')
    await after
    expect((await fetch('/containers/album/download/secret')).status).toBe(403)
    expect(seen).toEqual(['before sea.txt', 'after', 'before secret'])
  })

  it('set the type, the disposition and the caching of a download', async () => {
    const { container, fetch, root } = await startOnDirectory()
    await writeFile(join(root, 'album', 'sea.txt'), 'waves')
    const headers = {
      'cache-control': 'public, max-age=60, no-transform',
      'content-disposition': 'inline; filename="shore.csv"',
      'content-type': 'text/csv; charset=utf-8',
    }
    container.beforeRemote('download', ({ res }, _unused, next) => {
      for (const [name, value] of Object.entries(headers)) res.setHeader(name, value)
      next()
    })
    for (const range of [undefined, 'bytes=0-2']) {
      const response = await fetch(
        '/containers/album/download/sea.txt',
        range === undefined ? {} : { headers: { range } },
      )
      expect(Object.fromEntries(response.headers)).toMatchObject(headers)
      expect(response.headers.get('Content-Security-Policy')).toContain("default-src 'none'")
      expect(await response.text()).toBe(range === undefined ? 'waves' : 'wav')
    }
  })

  it('receive the errors of uploads and downloads', async () => {
    const { container, fetch } = await startOnDirectory()
    const seen: unknown[] = []
    for (const method of ['upload', 'download']) {
      container.afterRemoteError(method, ({ error }, next) => {
        seen.push([method, error?.statusCode, error?.code])
        next()
      })
    }
    await fetch('/containers/album/download/none')
    await fetch('/containers/none/upload', form({ name: 'sea.txt', content: 'waves' }))
    expect(seen).toEqual([
      ['download', 404, 'ENOENT'],
      ['upload', 404, 'ENOENT'],
    ])
  })

  it('can disable a method', async () => {
    const { container, fetch } = await startOnDirectory({}, { model: { base: 'Model' } })
    container.disableRemoteMethodByName('destroyContainer')
    expect((await fetch('/containers/album', { method: 'DELETE' })).status).toBe(404)
    expect((await fetch('/containers/album')).status).toBe(200)
  })
})

describe('access control lists', () => {
  it('admit only the users that they allow', async () => {
    const { app, dataSources, fetch } = await startOnDirectory(
      {},
      {
        before: (application, { container: source }) => {
          application.dataSource('db', { connector: 'memory' })
          for (const name of ['User', 'AccessToken', 'ACL', 'Role', 'RoleMapping']) {
            application.model(application.registry.getModel(name), { dataSource: 'db', public: name === 'User' })
          }
          application.enableAuth()
          application.use(loopback.token())
          const acls = [
            { principalType: 'ROLE', principalId: '$everyone', permission: 'DENY', accessType: '*' },
            { principalType: 'ROLE', principalId: '$authenticated', permission: 'ALLOW', property: 'download' },
            { principalType: 'ROLE', principalId: '$everyone', permission: 'ALLOW', property: 'getContainers' },
          ]
          if (source !== undefined) application.model(source.createModel('guarded', {}, { acls }))
        },
      },
    )
    expect(Object.keys(dataSources)).toEqual(['container'])
    const user = app.registry.getModel('User')
    const credentials = { email: 'ada@example.org', password: 'secret' }
    await user.create(credentials)
    const { id } = await user.login(credentials)
    await fetch('/containers/album/upload', form({ name: 'sea.txt', content: 'waves' }))
    expect((await fetch('/guardeds')).status).toBe(200)
    expect((await fetch('/guardeds', json({ name: 'more' }))).status).toBe(401)
    expect((await fetch('/guardeds/album/download/sea.txt')).status).toBe(401)
    const allowed = await fetch('/guardeds/album/download/sea.txt', { headers: { Authorization: id } })
    expect([allowed.status, await allowed.text()]).toEqual([200, 'waves'])
  })
})

describe('the API explorer', () => {
  it('describes every route', async () => {
    const { app, url } = await startOnDirectory({}, { model: { base: 'Model' } })
    explorer(app)
    const described = (await (await fetch(`${url}/explorer/swagger.json`)).json()) as {
      paths: Record<string, Record<string, { operationId: string; summary: string; parameters: object[] }>>
    }
    for (const [name, { http, description, accepts }] of Object.entries(remoteMethods)) {
      const path = `/containers${http.path === '/' ? '' : http.path.replaceAll(/:(\w+)/g, '{$1}')}`
      const operation = Object.values(described.paths[path] ?? {}).find(({ operationId }) =>
        operationId.startsWith(`container.${name}`),
      )
      expect(operation, name).toBeDefined()
      expect(operation?.summary).toBe(description)
      expect(operation?.parameters.length, name).toBe(
        accepts.filter(({ http: from }) => 'source' in from && ['path', 'body'].includes(from.source)).length,
      )
    }
  })
})
