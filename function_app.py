"""The Functions app: every blueprint of the product, registered once."""

import azure.durable_functions as df
import azure.functions as func

from shared.blueprints import activities, api, orchestrators, triggers

app = df.DFApp(http_auth_level=func.AuthLevel.FUNCTION)
for blueprint in (triggers.bp, api.bp, orchestrators.bp, activities.bp):
    app.register_functions(blueprint)
