"""Saved views: a person keeps lists under names, opens one of them by default, and removes them again."""

from typing import Final

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from orders.errors import ViewInvalid, ViewNotFound
from orders.identifiers import new_identifier
from orders.models import SavedView
from orders.models.saved_view import LONGEST_NAME, LONGEST_QUERY
from orders.texts import clean_line

MOST_VIEWS: Final = 30


def save_view(query: str, *, owner: User, name: str, is_default: bool = False) -> SavedView:
    """Keep the list of a query string under a name. Raises ViewInvalid."""
    name = _read_name(name)
    _check_query(query)
    with transaction.atomic():
        _lock(owner)
        own = SavedView.objects.filter(account=owner)
        if own.count() >= MOST_VIEWS:
            sentence = _("You have %(most)s saved views, which is the most. Delete one first.")
            raise ViewInvalid(sentence % {"most": MOST_VIEWS})
        _check_is_free(own, name)
        if is_default:
            own.update(is_default=False)
        return SavedView.objects.create(
            view_id=new_identifier("view"), account=owner, name=name, query=query, is_default=is_default
        )


def rename_view(view_id: str, *, owner: User, name: str) -> SavedView:
    """Give the view another name. Raises ViewInvalid and ViewNotFound."""
    name = _read_name(name)
    with transaction.atomic():
        view = _lock_view(view_id, owner)
        _check_is_free(SavedView.objects.filter(account=owner).exclude(pk=view.pk), name)
        view.name = name
        view.save(update_fields=["name"])
    return view


def replace_query(view_id: str, query: str, *, owner: User) -> SavedView:
    """Have the view keep another list. Raises ViewInvalid and ViewNotFound."""
    _check_query(query)
    with transaction.atomic():
        view = _lock_view(view_id, owner)
        view.query = query
        view.save(update_fields=["query"])
    return view


def choose_default(view_id: str, *, owner: User, is_default: bool) -> SavedView:
    """Make the view the one that is opened by default, or no longer. Raises ViewNotFound."""
    with transaction.atomic():
        view = _lock_view(view_id, owner)
        SavedView.objects.filter(account=owner).update(is_default=False)
        view.is_default = is_default
        view.save(update_fields=["is_default"])
    return view


def remove_view(view_id: str, *, owner: User) -> SavedView:
    """Delete the view, and return what it was. Raises ViewNotFound."""
    with transaction.atomic():
        view = _lock_view(view_id, owner)
        SavedView.objects.filter(pk=view.pk).delete()
    return view


def _lock(owner: User) -> None:
    """Let whatever else is done to this person's views wait: their number and their default are looked at first."""
    User.objects.select_for_update(no_key=True).get(pk=owner.pk)


def _lock_view(view_id: str, owner: User) -> SavedView:
    _lock(owner)
    view = SavedView.objects.filter(view_id=view_id, account=owner).first()
    if view is None:
        raise ViewNotFound(view_id)
    return view


def _read_name(text: str) -> str:
    name = clean_line(text, limit=None)
    if not name:
        raise ViewInvalid(_("Enter a name for the view."))
    if len(name) > LONGEST_NAME:
        raise ViewInvalid(_("A name can have at most %(most)s characters.") % {"most": LONGEST_NAME})
    return name


def _check_query(query: str) -> None:
    if len(query) > LONGEST_QUERY:
        raise ViewInvalid(_("This list has too many filters to be saved."))


def _check_is_free(own: QuerySet[SavedView], name: str) -> None:
    if own.filter(name__iexact=name).exists():
        raise ViewInvalid(_("You already have a view named “%(name)s”. Choose another name.") % {"name": name})
