import { flydrive } from './flydrive.ts'
import { flystorage } from './flystorage.ts'
import type { Library } from './library.ts'
import { opendal } from './opendal.ts'
import { pkgcloud } from './pkgcloud.ts'
import { storageAbstraction } from './storage-abstraction.ts'
import { unstorage } from './unstorage.ts'

export const libraries: readonly Library[] = [flydrive, flystorage, opendal, pkgcloud, storageAbstraction, unstorage]
