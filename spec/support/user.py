"""A user of an account: what he does, and all that he is shown."""
import messages
import wechat


class User:
    """`await user.says("…")` pushes and gives the Delivery. `screen` is what he has been shown, in
    order: texts, "[image]" and the like, the error bubble. A customer-service message that reaches
    him by another way is added by who sees it: `user.screen.append(text)`."""

    def __init__(self, pusher, openid=None):
        self.pusher = pusher
        self.openid = openid or f"oWxtest{int(wechat.unique()):021d}"
        self.screen = []

    async def sends(self, fields):
        """Anything of messages.py."""
        delivery = await self.pusher.push(fields, self.openid)
        if delivery.seen is not None:
            self.screen.append(delivery.seen)
        return delivery

    async def says(self, content):
        return await self.sends(messages.text(content))

    async def clicks(self, key):
        return await self.sends(messages.click(key))

    async def subscribes(self, scene=None):
        return await self.sends(messages.subscribe(scene))

    async def unsubscribes(self):
        return await self.sends(messages.unsubscribe())

    async def scans(self, scene):
        return await self.sends(messages.scan(scene))
