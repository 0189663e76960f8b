/**
 * The contestants, and the requests that each needs for the same operation. All have their files in
 * `ROOT/bench`.
 */
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { RequestTemplate } from './load/order.ts'
import { findProgram, requirePeer } from './peers.ts'
import { freePort, type Launch } from './server.ts'

export interface Contestant {
  readonly name: string
  /** `undefined` when it is not to be had on this machine. */
  readonly launch: (root: string) => Promise<Launch | undefined>
  /** The path that a file is downloaded from. */
  readonly download?: (file: string) => string
  /** A whole file as the body of a request. */
  readonly rawUpload?: (file: string, size: number) => RequestTemplate
  readonly formUpload?: (file: string, size: number) => RequestTemplate
  /** The path of the list of all files, and of a page of it. */
  readonly list?: string
  readonly page?: string
}

const boundary = 'bench0123456789'

function form(path: string, file: string, size: number): RequestTemplate {
  const disposition = `form-data; name="file"; filename="${file}"`
  return {
    method: 'POST',
    path,
    headers: { 'Content-Type': `multipart/form-data; boundary=${boundary}` },
    body: {
      prefix: `--${boundary}\r\nContent-Disposition: ${disposition}\r\nContent-Type: application/octet-stream\r\n\r\n`,
      size,
      suffix: `\r\n--${boundary}--\r\n`,
      fileName: file,
    },
  }
}

const put = (path: string, size: number): RequestTemplate => ({
  method: 'PUT',
  path,
  headers: { 'Content-Type': 'application/octet-stream' },
  body: { size },
})

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

export const stowage: Contestant = {
  name: 'Stowage',
  launch: async (root) => ({ script: here('./servers/stowage.ts'), args: [root] }),
  download: (file) => `/api/containers/bench/download/${file}`,
  rawUpload: (file, size) => put(`/api/containers/bench/files/${file}`, size),
  formUpload: (file, size) => form('/api/containers/bench/upload', file, size),
  list: '/api/containers/bench/files',
  page: '/api/containers/bench/files?limit=1000',
}

/** Stowage with an upload policy under each of several paths, which begin with their numbers. */
export const withPolicies: Contestant = {
  name: 'Stowage',
  launch: async (root) => ({ script: here('./servers/policies.ts'), args: [root] }),
}

const handlerScript = here('./servers/handler.ts')

/** The handler for web-standard requests, behind Hono's server for Node. */
export const handler: Contestant = {
  ...stowage,
  name: 'handler, Hono',
  launch: async (root) => ({ script: handlerScript, args: [root] }),
}

/** The handler on a runtime that is an optional dependency of the workspace. */
const handlerOn = (name: string, path: string, options: readonly string[]): Contestant => ({
  ...stowage,
  name: `handler, ${name}`,
  launch: async (root) => {
    const command = here(`../../node_modules/${path}`)
    const port = await freePort()
    return existsSync(command) ? { command, args: [...options, handlerScript, root, String(port)], port } : undefined
  },
})

const isArm = process.arch === 'arm64'
export const handlerOnBun = handlerOn('Bun', `@oven/bun-linux-${isArm ? 'aarch64' : 'x64'}/bin/bun`, [])
export const handlerOnDeno = handlerOn('Deno', `@deno/linux-${process.arch}-glibc/deno`, ['run', '--allow-all'])

/** The process that `pnpm demo` starts, with a directory of the bench as its storage. */
export const demo: Contestant = {
  ...stowage,
  name: 'demo',
  launch: async (root) => {
    const port = await freePort()
    const dataSources = `${root}.json`
    await writeFile(dataSources, JSON.stringify({ storage: { provider: 'filesystem', root } }))
    const env = { PORT: String(port), DATASOURCES: dataSources }
    return { command: process.execPath, args: [here('../../apps/demo/dist/main.js')], port, env }
  },
}

const launchApplication = async (root: string): Promise<Launch> => ({
  script: here('./servers/application.ts'),
  args: [root, await requirePeer('application')],
})

/** The router in an application with the usual middlewares. */
export const application: Contestant = { ...stowage, name: 'application', launch: launchApplication }

/** express.static and multer in the same application. */
export const peersInApplication: Contestant = {
  name: 'static, multer in it',
  launch: launchApplication,
  download: (file) => `/static/bench/${file}`,
  formUpload: (file, size) => form('/upload', file, size),
}

export const bareNode: Contestant = {
  name: 'bare Node',
  launch: async (root) => ({ script: here('./servers/bare-node.ts'), args: [root] }),
  download: (file) => `/bench/${file}`,
  rawUpload: (file, size) => put(`/bench/${file}`, size),
  list: '/bench/',
}

export const nginx: Contestant = {
  name: 'nginx',
  launch: async (root) => {
    const command = await findProgram('nginx')
    if (command === undefined) return undefined
    const port = await freePort()
    const prefix = `${root}-nginx`
    await mkdir(prefix, { recursive: true })
    const configuration = join(prefix, 'nginx.conf')
    await writeFile(configuration, nginxConfiguration(root, prefix, port))
    return { command, args: ['-p', prefix, '-c', configuration, '-e', 'stderr'], port }
  },
  download: (file) => `/bench/${file}`,
  rawUpload: (file, size) => put(`/bench/${file}`, size),
  list: '/bench/',
}

export const expressStatic: Contestant = {
  name: 'express.static',
  launch: async (root) => ({ script: here('../peers/express-static.mjs'), args: [root, await requirePeer('express')] }),
  download: (file) => `/bench/${file}`,
}

export const multer: Contestant = {
  name: 'multer',
  launch: async (root) => ({ script: here('../peers/multer.mjs'), args: [root, await requirePeer('express')] }),
  formUpload: (file, size) => form('/upload', file, size),
}

export const tus: Contestant = {
  name: '@tus/server',
  launch: async (root) => ({ script: here('../peers/tus.mjs'), args: [root, await requirePeer('tus')] }),
  rawUpload: (_file, size) => ({
    method: 'POST',
    path: '/files',
    headers: {
      'Tus-Resumable': '1.0.0',
      'Upload-Length': String(size),
      'Content-Type': 'application/offset+octet-stream',
    },
    body: { size },
  }),
}

export const loopback: Contestant = {
  name: 'loopback-component-storage',
  launch: async (root) => ({ script: here('../peers/loopback.mjs'), args: [root, await requirePeer('loopback')] }),
  download: (file) => `/api/containers/bench/download/${file}`,
  formUpload: (file, size) => form('/api/containers/bench/upload', file, size),
  list: '/api/containers/bench/files',
}

/** One process, so that all its work is counted; what a worker does is the same. */
const nginxConfiguration = (root: string, prefix: string, port: number) => `
daemon off;
master_process off;
worker_processes 1;
pid ${prefix}/pid;
events { worker_connections 2048; }
http {
  access_log off;
  default_type application/octet-stream;
  sendfile on;
  tcp_nopush off;
  keepalive_requests 1000000000;
  client_max_body_size 0;
  client_body_buffer_size 1m;
  client_body_temp_path ${prefix}/body;
  proxy_temp_path ${prefix}/proxy;
  fastcgi_temp_path ${prefix}/fastcgi;
  uwsgi_temp_path ${prefix}/uwsgi;
  scgi_temp_path ${prefix}/scgi;
  server {
    listen 127.0.0.1:${port};
    root ${root};
    autoindex on;
    autoindex_format json;
    dav_methods PUT;
  }
}
`
