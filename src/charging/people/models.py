"""People, the employers that name them, and the relation with the company (P-018 to P-025)."""

from __future__ import annotations

from django.db import models

from bloesem.gate.ids import new_id
from bloesem.gate.models import Guarded
from charging.base import Reference, Sourced, link
from charging.fields import block, cents, day, flag, folded_text, moment, text


class Employer(Reference):
    """A company that lets its employees charge at home: a legal person, so nobody's personal data (P-011)."""

    name = models.TextField()
    kbo = models.TextField()
    email_domain = models.TextField()
    since = models.DateField()

    class Meta:
        db_table = "employer"


class Product(Reference):
    """What the company sells."""

    key = models.TextField()
    label_nl = models.TextField()
    label_en = models.TextField()
    label_fr = text()  # where nobody wrote them, English is shown
    label_de = text()
    service = models.TextField()
    price_cents = models.IntegerField()

    class Meta:
        db_table = "product"


class Person(Guarded):
    """Somebody: only what every purpose needs to speak to them; all else is in rows of its own.

    `kind`: driver, employee (known through the employer only), prospect, entrant (contest), fleet (contact
    person of an employer) or unidentified (a caller or a card that we cannot name yet: they have a clock
    too, P-104).
    """

    id = models.BigIntegerField(primary_key=True, default=new_id)
    customer_number = text()
    language = models.TextField(default="nl")
    kind = models.TextField()
    state = models.TextField()
    source = models.TextField()
    recorded_at = models.DateTimeField()

    class Meta:
        db_table = "person"
        constraints = (models.UniqueConstraint(fields=["customer_number"], name="person_customer_number"),)

    def __str__(self) -> str:
        return f"person {self.pk}"


class FleetContact(Sourced):
    """The named contact person of an employer: a person like any other (P-011)."""

    employer = models.ForeignKey(Employer, models.DO_NOTHING, db_constraint=False, related_name="+")
    role = text()
    since = day()

    class Meta:
        db_table = "fleet_contact"


class PersonName(Sourced):
    """A name, as given. `given_norm`, `family_norm`: as `charging.fields.folded` has it, for look-ups by `exact` and
    `starts_with`; a trigger of the table fills them, whoever writes the name, and empties them with it.
    """

    given_name = text()
    family_name = text()
    given_norm = folded_text()
    family_norm = folded_text()
    collected_at = moment()
    collected_as_minor = flag()

    class Meta:
        db_table = "person_name"
        indexes = (
            models.Index(fields=["family_norm"], name="person_name_family"),
            models.Index(fields=["given_norm"], name="person_name_given"),
        )


class Address(Sourced):
    street = text()
    postal_code = text()
    city = text()
    country = text()
    region = text()
    collected_at = moment()
    collected_as_minor = flag()
    suppression_key = block()

    class Meta:
        db_table = "address"


class BirthDate(Sourced):
    born_on = day()
    collected_at = moment()

    class Meta:
        db_table = "birth_date"


class EmailAddress(Sourced):
    """An address that the person gave. `value_norm`: lower case, for look-ups by `=` (design, speed).

    `opt_out_offered`: whether the form on which it was given offered to refuse advertising (P-089). `suppression_key`: its
    name in the list of those who want none (P-095); none: it was not compared with that list yet. A changed value has none.
    """

    value = text()
    value_norm = text()
    collected_at = moment()
    collected_as_minor = flag()
    opt_out_offered = flag()
    suppression_key = block()
    bounced_at = moment()

    class Meta:
        db_table = "email_address"
        indexes = (models.Index(fields=["value_norm"], name="email_address_norm"),)


class PhoneNumber(Sourced):
    """A number that the person gave. `value_norm`: E.164. `opt_out_offered`, `suppression_key`: as of an e-mail address."""

    value = text()
    value_norm = text()
    collected_at = moment()
    collected_as_minor = flag()
    opt_out_offered = flag()
    suppression_key = block()

    class Meta:
        db_table = "phone_number"
        indexes = (models.Index(fields=["value_norm"], name="phone_number_norm"),)


class WorkEmail(Sourced):
    """The professional address that an employer gave, and nothing else (P-037). It belongs to the job
    (P-040).
    """

    employer = models.ForeignKey(
        Employer, models.DO_NOTHING, db_constraint=False, null=True, related_name="+"
    )
    value = text()
    value_norm = text()
    collected_at = moment()
    invited_at = moment()
    left_at = moment()

    class Meta:
        db_table = "work_email"
        indexes = (models.Index(fields=["value_norm"], name="work_email_norm"),)


class BankAccount(Sourced):
    iban = text()
    iban_last4 = text()
    collected_at = moment()
    confirmed_at = moment()

    class Meta:
        db_table = "bank_account"


class CreditRating(Sourced):
    """What an outside party says about someone's credit: its name, the date and the decision it fed
    (P-024).
    """

    rated_by = text()
    rated_on = day()
    score = text()
    decision = text()

    class Meta:
        db_table = "credit_rating"
        constraints = (
            models.CheckConstraint(
                condition=models.Q(score__isnull=True)
                | models.Q(rated_by__isnull=False, rated_on__isnull=False, decision__isnull=False),
                name="credit_rating_says",
            ),
        )


class HomeOwnership(Sourced):
    """`huiseigenaar` as financial position (P-025): not the installation's question whether the home is
    one's own.
    """

    owns_home = flag()
    collected_at = moment()

    class Meta:
        db_table = "home_ownership"


class SpecialItem(Sourced):
    """Something that belongs to a special category (art. 9): what kind, and what it says. Refused while the policy
    names no condition (P-035).
    """

    kind = text()
    value = text()

    class Meta:
        db_table = "special_item"


class CriminalItem(Sourced):
    """Something about convictions or offences (art. 10). Refused while the policy names no ground (P-035)."""

    kind = text()
    value = text()

    class Meta:
        db_table = "criminal_item"


class Account(Sourced):
    """Its three moments are distinct start events (P-108)."""

    opened_at = moment()
    terminated_at = moment()
    closed_at = moment()

    class Meta:
        db_table = "account"


class CustomerRelation(Sourced):
    started_at = moment()
    ended_at = moment()

    class Meta:
        db_table = "customer_relation"


class LoginCredential(Sourced):
    """A hash, never the code itself (P-047). `used_on`: the day it was last used, its record's own date."""

    user_number = text()
    login_name = text()
    secret_hash = text()
    used_on = models.DateField()
    last_login_at = moment()

    class Meta:
        db_table = "login_credential"
        constraints = (models.UniqueConstraint(fields=["login_name"], name="login_credential_name"),)


class Contract(Sourced):
    """`confirmation`: of the contract; `order_confirmation`: of the order that came before it (P-022)."""

    number = text()
    employer = models.ForeignKey(
        Employer, models.DO_NOTHING, db_constraint=False, null=True, related_name="+"
    )
    ordered_at = moment()
    order_confirmed_at = moment()
    order_confirmation = text()
    confirmed_at = moment()
    confirmation = text()
    starts_on = day()
    ends_on = day()
    reimbursement = text()
    monthly_fee_cents = cents()

    class Meta:
        db_table = "contract"


class ProductOwnership(Sourced):
    product = models.ForeignKey(Product, models.DO_NOTHING, db_constraint=False, null=True, related_name="+")
    contract = link("people.Contract")
    since = day()
    until = day()

    class Meta:
        db_table = "product_ownership"


__all__ = [
    "Account",
    "Address",
    "BankAccount",
    "BirthDate",
    "Contract",
    "CreditRating",
    "CriminalItem",
    "CustomerRelation",
    "EmailAddress",
    "Employer",
    "FleetContact",
    "HomeOwnership",
    "LoginCredential",
    "Person",
    "PersonName",
    "PhoneNumber",
    "Product",
    "ProductOwnership",
    "SpecialItem",
    "WorkEmail",
]
