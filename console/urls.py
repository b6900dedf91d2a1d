"""Every address of the console."""

from django.contrib import admin
from django.urls import include, path, register_converter
from django.urls.converters import StringConverter

from console.accounts.password import OwnPasswordView
from console.accounts.personal import edit_settings
from console.accounts.sign_in import ConsoleLoginView, sign_out
from console.api.entrance import describe_urls
from console.comments import views as comments
from console.deadlines import extend
from console.desk import batches, bulk, export, export_pages, layout_page, order_list, view_pages
from console.intake import create, import_pages
from console.notices import choices, notices
from console.order import decisions, detail, proof, refunds, steps
from console.palette import page as palette
from console.papers import page as papers
from console.policy import trial
from console.review import review
from console.schedules import pages as schedules
from console.shipping import address, label
from console.system import errors, health, keys, mail, overview, reports, stuck
from console.tags import bulk as tag_bulk
from console.tags import views as tags
from console.waiting import desk
from console.webhooks import carriers, gateways
from orders.identifiers import EXPORT_ID_PATTERN, ORDER_ID_PATTERN, SCHEDULE_ID_PATTERN, VIEW_ID_PATTERN


class OrderIdConverter(StringConverter):
    """Takes what could be an order_id; anything else is no address of the console."""

    regex = ORDER_ID_PATTERN


class BatchIdConverter(StringConverter):
    """Takes what could be a batch_id."""

    regex = r"batch-[0-9A-Z]{12}"


class ImportIdConverter(StringConverter):
    """Takes what could be an import_id."""

    regex = r"import-[0-9A-Z]{12}"


class ExportIdConverter(StringConverter):
    """Takes what could be an export_id."""

    regex = EXPORT_ID_PATTERN


class ScheduleIdConverter(StringConverter):
    """Takes what could be a schedule_id."""

    regex = SCHEDULE_ID_PATTERN


class ViewIdConverter(StringConverter):
    """Takes what could be a view_id."""

    regex = VIEW_ID_PATTERN


register_converter(OrderIdConverter, "order_id")
register_converter(BatchIdConverter, "batch_id")
register_converter(ImportIdConverter, "import_id")
register_converter(ExportIdConverter, "export_id")
register_converter(ScheduleIdConverter, "schedule_id")
register_converter(ViewIdConverter, "view_id")

urlpatterns = [
    path("", desk.show_desk, name="home"),
    path("orders/", order_list.show_orders, name="order-list"),
    path("orders/new/", create.create_order, name="order-create"),
    path("orders/import/", import_pages.show_imports, name="order-import"),
    path("orders/import/<import_id:import_id>/", import_pages.show_import, name="import-detail"),
    path("orders/import/<import_id:import_id>/change/", import_pages.change_import, name="import-change"),
    path("orders/import/<import_id:import_id>/failed/", import_pages.download_failed, name="import-failed"),
    path("orders/bulk/", bulk.decide_bulk, name="order-bulk"),
    path("orders/bulk/tags/", tag_bulk.tag_several, name="order-bulk-tags"),
    path("orders/export/", export.export_orders, name="order-export"),
    path("orders/exports/", export_pages.show_exports, name="export-list"),
    path("orders/exports/<export_id:export_id>/", export_pages.send_file, name="export-file"),
    path("orders/exports/<export_id:export_id>/delete/", export_pages.delete_export, name="export-delete"),
    path("orders/schedules/", schedules.show_schedules, name="schedule-list"),
    path("orders/schedules/new/", schedules.create_schedule, name="schedule-create"),
    path("orders/schedules/<schedule_id:schedule_id>/", schedules.edit_schedule, name="schedule-edit"),
    path("orders/schedules/<schedule_id:schedule_id>/change/", schedules.change_schedule, name="schedule-change"),
    path("orders/batches/", batches.show_batches, name="batch-list"),
    path("orders/batches/<batch_id:batch_id>/", batches.show_batch, name="batch-detail"),
    path("orders/batches/<batch_id:batch_id>/change/", batches.change_batch, name="batch-change"),
    path("orders/review/", review.review_orders, name="order-review"),
    path("orders/papers/", papers.show_papers, name="order-papers"),
    path("orders/layout/", layout_page.change_layout, name="list-layout"),
    path("orders/views/", view_pages.show_views, name="view-list"),
    path("orders/views/counts/", view_pages.show_counts, name="view-counts"),
    path("orders/views/<view_id:view_id>/change/", view_pages.change_view, name="view-change"),
    path("orders/stuck/", stuck.show_stuck, name="order-stuck"),
    path("orders/<order_id:order_id>/", detail.show_order, name="order-detail"),
    path("orders/<order_id:order_id>/status/", detail.show_status, name="order-status"),
    path("orders/<order_id:order_id>/payment-proof/", proof.show_proof, name="order-payment-proof"),
    path("orders/<order_id:order_id>/approve/", decisions.approve, name="order-approve"),
    path("orders/<order_id:order_id>/cancel/", decisions.cancel, name="order-cancel"),
    path("orders/<order_id:order_id>/tags/", tags.add, name="tag-add"),
    path("orders/<order_id:order_id>/tags/remove/", tags.remove, name="tag-remove"),
    path("orders/<order_id:order_id>/step/", steps.steer, name="order-step"),
    path("orders/<order_id:order_id>/withdraw/", decisions.withdraw, name="order-withdraw"),
    path("orders/<order_id:order_id>/refund/", refunds.refund, name="order-refund"),
    path("orders/<order_id:order_id>/address/", address.correct, name="order-address"),
    path("orders/<order_id:order_id>/extend/", extend.extend, name="order-extend"),
    path("orders/<order_id:order_id>/label/", label.send_label, name="order-label"),
    path("orders/<order_id:order_id>/comments/", comments.add, name="comment-add"),
    path("orders/<order_id:order_id>/comments/<int:number>/edit/", comments.edit, name="comment-edit"),
    path(
        "orders/<order_id:order_id>/refund/<int:number>/again/",
        refunds.follow_up,
        {"deed": "again"},
        name="order-refund-again",
    ),
    path(
        "orders/<order_id:order_id>/refund/<int:number>/settle/",
        refunds.follow_up,
        {"deed": "settle"},
        name="order-refund-settle",
    ),
    path("notices/", notices.show_notices, name="notice-list"),
    path("notices/bell/", notices.show_bell, name="notice-bell"),
    path("notices/read/", notices.mark_read, name="notice-read"),
    path("notices/<int:number>/", notices.open_notice, name="notice-open"),
    path("palette/", palette.show_palette, name="palette"),
    path("keys/", keys.show_keys, name="keys"),
    path("system/", overview.show_system, name="system"),
    path("system/mail/", mail.show_mail, name="mail-list"),
    path("policy/try/", trial.show_trial, name="policy-try"),
    path("reports/", reports.show_reports, name="reports"),
    path("accounts/login/", ConsoleLoginView.as_view(), name="login"),
    path("accounts/logout/", sign_out, name="logout"),
    path("accounts/settings/", edit_settings, name="settings"),
    path("accounts/password/", OwnPasswordView.as_view(), name="password"),
    path("accounts/notices/", choices.choose_ways, name="notice-choices"),
    path("api/v1/", include(describe_urls())),
    path("webhooks/carriers/<slug:carrier>/", carriers.receive_news, name="webhook-carrier"),
    path("webhooks/<slug:gateway>/", gateways.take_event, name="gateway-webhook"),
    path("admin/", admin.site.urls),
    path("health/live/", health.show_live, name="health-live"),
    path("health/ready/", health.show_ready, name="health-ready"),
]

handler400 = errors.bad_request
handler403 = errors.permission_denied
handler404 = errors.page_not_found
handler500 = errors.server_error
