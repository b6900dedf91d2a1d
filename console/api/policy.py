"""A dry run of the approval policy, as on the console's page."""

from typing import Annotated

from django.http import HttpResponse
from ninja import Query, Router

from console.api.answers import answer, problems
from console.api.keys import ApiRequest, BearerKey
from console.api.schemas import PolicyTrial
from orders import permissions
from orders.models import ApiKey
from orders.policy.trial import LAST_ORDERS, try_rules

router = Router(tags=["policy"])


@router.get("/policy/trial", response={200: PolicyTrial, **problems()}, auth=BearerKey(ApiKey.Scope.READ))
def try_policy(request: ApiRequest, last: Annotated[int, Query(ge=1, le=LAST_ORDERS)] = LAST_ORDERS) -> HttpResponse:
    """Tell how many of the last orders each rule would have caught, and how many approvals they would have needed."""
    permissions.check_may_view(request.auth)
    trial = try_rules(last)
    rules = [
        {
            "name": each.rule.name,
            "is_enabled": each.rule.is_enabled,
            "approvals_needed": each.rule.approvals_needed,
            "caught": each.caught,
            "decided": each.decided,
        }
        for each in trial.rules
    ]
    approvals = [{"approvals_needed": needed, "orders": count} for needed, count in trial.approvals]
    return answer({"orders": trial.orders, "rules": rules, "approvals": approvals})
