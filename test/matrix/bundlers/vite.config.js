export default {
  ssr: { noExternal: true },
  build: {
    ssr: true,
    outDir: 'out-vite',
    rollupOptions: { input: { main: 'src/main.js', tasks: 'src/tasks.js' } },
  },
};
