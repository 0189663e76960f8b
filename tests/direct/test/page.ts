/** A page with one release of Uppy, in Chromium. */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { build } from 'esbuild'
import type { Express } from 'express'

export type Release = '4' | '5' | '6'

const resolve = createRequire(import.meta.url).resolve

/** Returns a script that sets `window.Uppy` and `window.AwsS3`. */
async function scriptOf(release: Release): Promise<string> {
  if (release !== '6') {
    const bundle = join(dirname(resolve(`uppy-${release}/package.json`)), 'dist', 'uppy.min.js')
    return `${await readFile(bundle, 'utf8')}\nwindow.AwsS3 = Uppy.AwsS3; window.Uppy = Uppy.Uppy`
  }
  const contents = `
    import AwsS3 from '@uppy/aws-s3'
    import Uppy from '@uppy/core'
    Object.assign(window, { AwsS3, Uppy })`
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: import.meta.dirname },
    bundle: true,
    write: false,
    format: 'iife',
    logLevel: 'error',
  })
  return outputFiles[0]?.text ?? ''
}

/** Serves the page at `/`. */
export async function pageOf(release: Release): Promise<(app: Express) => void> {
  const script = await scriptOf(release)
  return (app) => {
    app.get(
      '/',
      (_req, res) =>
        void res
          .type('html')
          .send('<!doctype html><title>Uppy</title><link rel="icon" href="data:,"><script src="/uppy.js"></script>'),
    )
    app.get('/uppy.js', (_req, res) => void res.type('js').send(script))
  }
}
