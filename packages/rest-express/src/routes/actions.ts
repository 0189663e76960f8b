/**
 * The actions that `authorize` receives. The names are stable, and those of the Node API. A copy
 * requires `download` of the source and `putFile` of the target; a move also `removeFile` of the
 * source; a batch deletion `removeFile` of each file.
 */
export type Action =
  | 'getContainers'
  | 'getContainer'
  | 'createContainer'
  | 'destroyContainer'
  | 'getFiles'
  | 'getFile'
  | 'removeFile'
  | 'upload'
  | 'download'
  | 'putFile'
