import { createApp } from "vue";
import "weui/dist/style/base/base.min.css";
import "weui/dist/style/widget/weui-button/weui-button.min.css";
import "weui/dist/style/widget/weui-cell/weui-cell.min.css";
import "weui/dist/style/widget/weui-cell/weui-cell-form.min.css";
import "weui/dist/style/widget/weui-media-box/weui-media-box.min.css";
import "weui/dist/style/widget/weui-grid/weui-grid.min.css";
import "weui/dist/style/widget/weui-tips/weui-badge.min.css";
import "weui/dist/style/widget/weui-tips/weui-actionsheet.min.css";
import "./base.css";
import App from "./App.vue";

createApp(App).mount("#app");
