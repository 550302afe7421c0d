export default () => 'helper.js';
