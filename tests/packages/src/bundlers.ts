/**
 * Bundlers, called as their documentation says for a program that Node runs. Each puts the program
 * and everything that it imports into `target`, and returns the file to run.
 */
import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { nodeResolve } from '@rollup/plugin-node-resolve'
import { build as esbuild } from 'esbuild'
import { type Plugin, type RollupBuild, rollup } from 'rollup'
import { build as vite } from 'vite'
import webpack from 'webpack'

const require = createRequire(import.meta.url)
// Their types are those of a module with another default export than Node's.
const commonjs = require('@rollup/plugin-commonjs') as () => Plugin
const json = require('@rollup/plugin-json') as () => Plugin

type Bundler = (program: string, target: string) => Promise<string>

const common = { bundle: true, platform: 'node', logLevel: 'error' } as const

/** What esbuild's own documentation has for dependencies that are CommonJS. */
const requireForDependencies =
  "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)"

/** Both of rollup's formats are written from one reading of the program, which takes longest. */
let readByRollup: Promise<RollupBuild> | undefined

async function rollupTo(program: string, format: 'es' | 'cjs', file: string): Promise<string> {
  const plugins = [nodeResolve({ exportConditions: ['node'], preferBuiltins: true }), commonjs(), json()]
  readByRollup ??= rollup({ input: program, plugins, logLevel: 'silent' })
  await (await readByRollup).write({ file, format, inlineDynamicImports: true })
  return file
}

export const bundlers: Readonly<Record<string, Bundler>> = {
  'esbuild to CommonJS': async (program, target) => {
    const outfile = join(target, 'main.cjs')
    await esbuild({ ...common, entryPoints: [program], format: 'cjs', outfile })
    return outfile
  },
  'esbuild to ESM': async (program, target) => {
    const outfile = join(target, 'main.mjs')
    const banner = { js: requireForDependencies }
    await esbuild({ ...common, entryPoints: [program], format: 'esm', outfile, banner })
    return outfile
  },
  'rollup to CommonJS': (program, target) => rollupTo(program, 'cjs', join(target, 'main.cjs')),
  'rollup to ESM': (program, target) => rollupTo(program, 'es', join(target, 'main.mjs')),
  vite: async (program, target) => {
    const output = { entryFileNames: 'main.mjs' }
    await vite({
      root: dirname(program),
      configFile: false,
      logLevel: 'silent',
      build: { ssr: program, outDir: target, rollupOptions: { output } },
      ssr: { noExternal: true },
    })
    return join(target, 'main.mjs')
  },
  webpack: async (program, target) => {
    const output = { path: target, filename: 'main.cjs' }
    const compiler = webpack({ mode: 'development', devtool: false, target: 'node22', entry: program, output })
    const stats = await promisify(compiler.run.bind(compiler))()
    if (stats?.hasErrors() ?? true) throw new Error(stats?.toString({ all: false, errors: true }))
    return join(target, 'main.cjs')
  },
  ncc: async (program, target) => {
    const cli = require.resolve('@vercel/ncc/dist/ncc/cli.js')
    const args = [cli, 'build', basename(program), '--out', target, '--quiet']
    await promisify(execFile)(process.execPath, args, { cwd: dirname(program) })
    return join(target, 'index.js')
  },
}
