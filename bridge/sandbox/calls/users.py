"""login, logout and getUserInfo."""

import hmac
from decimal import Decimal

from bridge.sandbox.calls.context import Call
from bridge.sandbox.errors import ApiFault
from bridge.sandbox.ids import new_id
from bridge.sandbox.org import Org
from bridge.sandbox.soap.wire import element, text_of
from bridge.sandbox.storage.sessions import close_session, open_session

LAST_LOGIN_VERSION = Decimal(64)  # help article 005132110


def login(call: Call) -> str:
    """A session for a user name and password; there is no security token to append."""
    access = call.org.schema.access
    name, password = text_of(call.body, "username"), text_of(call.body, "password")
    same = hmac.compare_digest(password.encode(), access.password.encode())
    if name.lower() != access.username.lower() or not same:
        raise ApiFault(
            "INVALID_LOGIN", "Invalid username, password, security token; or user locked out."
        )
    place, org15 = f"{call.base_url}/services/Soap", call.org.id[:15]
    return "".join(
        [
            "<result>",
            element("metadataServerUrl", f"{place}/m/{call.version}/{org15}"),
            element("passwordExpired", False),
            element("sandbox", True),
            element("serverUrl", f"{place}/u/{call.version}/{org15}"),
            element("sessionId", open_session(call.org)),
            element("userId", call.org.user_id),
            f"<userInfo>{_user_info(call.org)}</userInfo>",
            "</result>",
        ]
    )


def logout(call: Call) -> str:
    """End the session of the call."""
    close_session(call.org, call.headers.session_id)
    return ""


def get_user_info(call: Call) -> str:
    return f"<result>{_user_info(call.org)}</result>"


def _user_info(org: Org) -> str:
    facts, access = org.schema.organization, org.schema.access
    values: dict[str, str | int | bool | None] = {
        "accessibilityMode": False,
        "chatterExternal": False,
        "currencySymbol": facts.currency_symbol,
        "orgAttachmentFileSizeLimit": 5 * 1024 * 1024,
        "orgDefaultCurrencyIsoCode": facts.currency,
        "orgDefaultCurrencyLocale": facts.locale,
        "orgDisallowHtmlAttachments": False,
        "orgHasPersonAccounts": False,
        "organizationId": org.id,
        "organizationMultiCurrency": False,
        "organizationName": facts.name,
        "profileId": new_id("00e", org.database.pod, 1),
        "roleId": None,
        "sessionSecondsValid": int(org.limits.session_lifetime.total_seconds()),
        "userDefaultCurrencyIsoCode": None,
        "userEmail": access.username,
        "userFullName": f"{access.first_name} {access.last_name}",
        "userId": org.user_id,
        "userLanguage": facts.language,
        "userLocale": facts.locale,
        "userName": access.username,
        "userTimeZone": facts.time_zone,
        "userType": "Standard",
        "userUiSkin": "Theme3",
    }
    return "".join([element(name, value) for name, value in values.items()])
