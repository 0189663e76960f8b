module.exports = (Container) => {
  Container.beforeRemote('upload', (context, _unused, next) => {
    context.res.setHeader('X-Uploaded-To', context.args.container)
    next()
  })
}
