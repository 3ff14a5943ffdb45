"""The test payment methods: Stripe's, with their names and behaviour, and two of the sandbox's own.

    pm_card_visa, pm_card_mastercard, pm_card_amex    authorized
    pm_card_riskLevelElevated                         authorized, with a review
    pm_card_chargeDeclined…                           declined by the issuer, see the table
    pm_card_authenticationRequired                    declined: the shopper would have to authenticate
    pm_sandbox_error                                  every confirm is an internal error (500) without an effect
    pm_sandbox_hang                                   every confirm gets no response and has no effect

https://docs.stripe.com/testing lists Stripe's.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Decline:
    code: str
    decline_code: str
    message: str


GENERIC = Decline("card_declined", "generic_decline", "Your card was declined.")
_INSUFFICIENT = Decline("card_declined", "insufficient_funds", "Your card has insufficient funds.")
_LOST = Decline("card_declined", "lost_card", "Your card was declined.")
_EXPIRED = Decline("expired_card", "expired_card", "Your card has expired.")
_PROCESSING = Decline(
    "processing_error", "processing_error", "An error occurred while processing your card. Try again in a little bit."
)
_AUTHENTICATION = Decline(
    "authentication_required", "authentication_required", "Your card was declined: authentication is required."
)
DECLINES = {each.decline_code: each for each in (GENERIC, _INSUFFICIENT, _LOST, _EXPIRED, _PROCESSING, _AUTHENTICATION)}


@dataclass(frozen=True, slots=True)
class Card:
    brand: str = "visa"
    last4: str = "4242"
    decline: Decline | None = None
    elevated_risk: bool = False
    errs: bool = False
    hangs: bool = False


CARDS = {
    "pm_card_visa": Card(),
    "pm_card_mastercard": Card("mastercard", "4444"),
    "pm_card_amex": Card("amex", "8431"),
    "pm_card_riskLevelElevated": Card(last4="9235", elevated_risk=True),
    "pm_card_chargeDeclined": Card(last4="0002", decline=GENERIC),
    "pm_card_visa_chargeDeclined": Card(last4="0002", decline=GENERIC),
    "pm_card_chargeDeclinedInsufficientFunds": Card(last4="9995", decline=_INSUFFICIENT),
    "pm_card_visa_chargeDeclinedInsufficientFunds": Card(last4="9995", decline=_INSUFFICIENT),
    "pm_card_visa_chargeDeclinedLostCard": Card(last4="9987", decline=_LOST),
    "pm_card_chargeDeclinedExpiredCard": Card(last4="0069", decline=_EXPIRED),
    "pm_card_chargeDeclinedProcessingError": Card(last4="0119", decline=_PROCESSING),
    "pm_card_authenticationRequired": Card(last4="3184", decline=_AUTHENTICATION),
    "pm_sandbox_error": Card(errs=True),
    "pm_sandbox_hang": Card(hangs=True),
}
