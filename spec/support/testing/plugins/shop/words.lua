return { about = "关于我们", fine = "好" }
