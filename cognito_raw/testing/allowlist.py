"""The members that may stay in a cassette as they are, by the object that holds them.

All others are replaced. So are addresses, user ids and known secrets within the members named here. `SECRETS` are the
service's other members: their names may be written, but not their values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ..flows.registration import STANDARD_ATTRIBUTES

REQUEST: Final = frozenset(
    """
    AttributeName AuthFlow ChallengeName ClientId DeviceRememberedStatus FeedbackValue Limit MaxResults
    UserAttributeNames UserPoolId Username
    """.split()
)
# The service's error code and message, under all their names.
WORDS: Final = frozenset(("Message", "__type", "code", "message", "type"))
REPLY: Final = WORDS | frozenset(
    """
    AvailableChallenges ChallengeName ConfiguredUserAuthFactors PreferredMfaSetting Status UserMFASettingList
    Username
    """.split()
)
CLAIMS: Final = frozenset(
    """
    aud auth_time client_id cognito:groups cognito:username exp iat iss nbf scope token_use username
    """.split()
)
# Parameters of a sign-in and its challenges, in requests and in replies.
PARAMETERS: Final = frozenset(
    """
    CHALLENGE_NAME CODE_DELIVERY_DELIVERY_MEDIUM CODE_DELIVERY_DESTINATION MFAS_CAN_CHOOSE MFAS_CAN_SETUP
    PREFERRED_CHALLENGE SALT SRP_B TIMESTAMP USERNAME USER_ID_FOR_SRP requiredAttributes
    """.split()
)
_ATTRIBUTES: Final = frozenset(("Name",))
_DELIVERY: Final = frozenset(("AttributeName", "DeliveryMedium", "Destination"))
_DEVICES: Final = frozenset(("DeviceCreateDate", "DeviceLastAuthenticatedDate", "DeviceLastModifiedDate"))
HOLDERS: Final[Mapping[str, frozenset[str]]] = {
    "AuthParameters": PARAMETERS,
    "AuthenticationResult": frozenset(("ExpiresIn", "TokenType")),
    "ChallengeParameters": PARAMETERS,
    "ChallengeResponses": PARAMETERS,
    "CodeDeliveryDetails": _DELIVERY,
    "CodeDeliveryDetailsList": _DELIVERY,
    "Credentials": frozenset(("AuthenticatorAttachment", "AuthenticatorTransports", "CreatedAt")),
    "Device": _DEVICES,
    "DeviceAttributes": _ATTRIBUTES,
    "Devices": _DEVICES,
    "MFAOptions": _DELIVERY,
    "NewDeviceMetadata": frozenset(),
    "Output": frozenset(("__type",)),
    "Sessions": frozenset(("ClientId", "CreateDate", "LastActiveDate", "SessionType")),
    "UserAttributes": _ATTRIBUTES,
}
SECRETS: Final = STANDARD_ATTRIBUTES | frozenset(
    """
    ANSWER AccessToken AnalyticsEndpointId AnalyticsMetadata CREDENTIAL CREDENTIAL_REQUEST_OPTIONS City
    ClientMetadata ClientSecret Code ConfirmationCode Country Credential CredentialCreationOptions CredentialId
    DEVICE_GROUP_KEY DEVICE_KEY DeviceGroupKey DeviceKey DeviceName DeviceSecretVerifierConfig DeviceType
    EMAIL_OTP_CODE EncodedData EventId FRIENDLY_DEVICE_NAME FeedbackToken FriendlyCredentialName
    FriendlyDeviceName IdToken IpAddress LastIPAddress LastLocation NEW_PASSWORD NewDeviceMetadata NextToken
    OriginSessionId PASSWORD PASSWORD_CLAIM_SECRET_BLOCK PASSWORD_CLAIM_SIGNATURE PaginationToken Password
    PasswordVerifier PreviousPassword ProposedPassword REFRESH_TOKEN RefreshToken RelyingPartyId SECRET_BLOCK
    SECRET_HASH SESSION SMS_MFA_CODE SMS_OTP_CODE SOFTWARE_TOKEN_MFA_CODE SRP_A Salt SecretCode SecretHash
    Session SessionId Token UserCode UserContextData UserSub Value jti origin_jti userAttributes
    """.split()
)
