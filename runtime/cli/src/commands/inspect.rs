//! `mprun inspect`: says what a bundle is, from the file alone. Nothing of it
//! runs.

use std::fmt::Write as _;

use mprun_core::{
    budget::{Budget, Limits},
    bundle::{Bundle, diff::grouped},
    manifest::LanguageTag,
};
use mprun_frame::template::{SlotKind, Template};
use serde_json::{Value, json};

use crate::{args::InspectArgs, commands, env, error::CommandError, output};

/// Runs the command.
pub(crate) fn inspect(args: &InspectArgs) -> Result<(), CommandError> {
    let bundle = commands::read_verified(&args.bundle)?;
    let text =
        if args.json { format!("{:#}\n", to_json(&bundle)) } else { to_text(&bundle, &env::environment().locale) };
    output::data(text.as_bytes())
}

/// How many slots of each kind a template has, in the order of [`slot_kind`].
fn slots(template: &Template) -> Vec<(&'static str, usize)> {
    let mut counts: Vec<(&'static str, usize)> = Vec::new();
    for slot in template.slots() {
        let name = slot_kind(slot.kind);
        match counts.iter_mut().find(|(known, _)| *known == name) {
            Some((_, count)) => *count += 1,
            None => counts.push((name, 1)),
        }
    }
    counts
}

fn slot_kind(kind: SlotKind) -> &'static str {
    match kind {
        SlotKind::Text => "text",
        SlotKind::Attribute(_) => "attribute",
        SlotKind::Flag(_) => "flag",
        SlotKind::Handler(_) => "handler",
        SlotKind::Child => "child",
        SlotKind::List => "list",
    }
}

fn to_json(bundle: &Bundle) -> Value {
    let sizes = bundle.sizes();
    let (budget, limits) = (Budget::default(), Limits::default());
    json!({
        "digest": bundle.digest().to_string(),
        "manifest": bundle.manifest(),
        "imports": bundle.imports().iter().map(|import| json!({
            "interface": import.interface,
            "capability": import.capability.map(|capability| capability.name()),
            "functions": import.functions,
        })).collect::<Vec<_>>(),
        "sizes": {
            "total": sizes.total,
            "component": sizes.component,
            "manifest": sizes.manifest,
            "templates": sizes.templates,
            "style": sizes.style,
            "assets": sizes.assets,
            "data_segments": sizes.data_segments,
            "initial_memory": sizes.initial_memory,
        },
        "templates": bundle.templates().as_slice().iter().map(|template| json!({
            "id": format!("{:016x}", template.id()),
            "bytes": template.encoding().len(),
            "root": template.root().element.definition().name,
            "elements": template.elements(),
            "slots": slots(template).into_iter().map(|(name, count)| (name.to_owned(), count.into())).collect::<serde_json::Map<_, _>>(),
        })).collect::<Vec<_>>(),
        "assets": bundle.assets().map(|asset| json!({
            "path": asset.path.as_str(),
            "media_type": asset.media_type.as_str(),
            "bytes": asset.data.len(),
            "digest": asset.digest.to_string(),
        })).collect::<Vec<_>>(),
        "budget": {
            "fuel": budget.fuel,
            "deadline_ms": u64::try_from(budget.deadline.as_millis()).unwrap_or(u64::MAX),
            "memory_bytes_max": budget.memory_bytes_max,
            "host_call_bytes_max": budget.host_call_bytes_max,
            "frame_nodes_max": budget.frame.nodes_max,
            "frame_depth_max": budget.frame.depth_max,
            "frame_bytes_max": budget.frame.bytes_max,
            "asks_per_event_max": budget.asks_per_event_max,
            "app_state_bytes_max": limits.app_state_bytes_max,
            "page_state_bytes_max": limits.page_state_bytes_max,
            "storage_bytes_max": limits.storage_bytes_max,
            "timers_open_max": limits.timers_open_max,
        },
    })
}

fn to_text(bundle: &Bundle, locale: &str) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write_text(&mut text, bundle, locale);
    text
}

/// What the program says of itself, as somebody who asks for `locale` is told.
fn write_text(out: &mut String, bundle: &Bundle, locale: &str) -> std::fmt::Result {
    let (manifest, sizes) = (bundle.manifest(), bundle.sizes());
    let texts = manifest.localized(locale);
    writeln!(out, "{} {} ({})", texts.name().text, manifest.version.name, manifest.app_id)?;
    if let Some(description) = texts.description() {
        writeln!(out, "  {}", description.text)?;
    }
    writeln!(out, "  digest       {}", bundle.digest())?;
    writeln!(
        out,
        "  size         {}: component {}, templates {}, {}assets {}, manifest {}",
        output::size(sizes.total),
        output::size(sizes.component),
        output::size(sizes.templates),
        bundle.style().map(|_| format!("style {}, ", output::size(sizes.style))).unwrap_or_default(),
        output::size(sizes.assets),
        output::size(sizes.manifest)
    )?;
    let memory = usize::try_from(sizes.initial_memory).unwrap_or(usize::MAX);
    writeln!(
        out,
        "  memory       begins with {}, of which {} are copied for each event",
        output::size(memory),
        output::size(sizes.data_segments)
    )?;
    writeln!(
        out,
        "  version      {}, needs a host of {} or newer",
        manifest.version.code, manifest.platform_version.min_code
    )?;
    writeln!(out, "  category     {}", manifest.category)?;
    if let Some(toolchain) = &manifest.toolchain {
        writeln!(out, "  built with   {toolchain}")?;
    }
    let pages: Vec<_> = manifest.pages.iter().map(|page| page.as_str()).collect();
    writeln!(out, "  pages        {}", pages.join(", "))?;
    if let Some(entry) = manifest.entry_page() {
        writeln!(out, "  entry page   {entry}")?;
    }
    if let Some(bar) = &manifest.tab_bar {
        let tabs = bar.items.iter().zip(texts.tabs());
        let tabs: Vec<_> = tabs.map(|(tab, said)| format!("{} ({})", said.text, tab.page)).collect();
        writeln!(out, "  tabs         {}", tabs.join(", "))?;
    }
    let languages = manifest.lang.as_deref().into_iter().chain(manifest.locales.keys().map(LanguageTag::as_str));
    let languages: Vec<_> = languages.collect();
    if !languages.is_empty() {
        writeln!(out, "  languages    {}", languages.join(", "))?;
    }

    writeln!(out, "\nImports: all that it can do")?;
    for import in bundle.imports() {
        let functions = if import.type_only { "types only".to_owned() } else { import.functions.join(", ") };
        writeln!(out, "  {:<28} {functions}", import.interface)?;
    }
    // What needs no call stands in no import: the permission is all that shows it.
    let others: Vec<_> = bundle.capabilities().into_iter().filter(|name| name.interface().is_none()).collect();
    for name in &others {
        writeln!(out, "  {:<28} {}", format!("without an import: {name}"), name.description())?;
    }
    if bundle.imports().is_empty() && others.is_empty() {
        writeln!(out, "  nothing")?;
    }
    writeln!(out, "\nPermissions: what it asks for, and why")?;
    for permission in &manifest.req_permissions {
        let reason = texts.reason(permission.name).map_or(permission.reason.as_str(), |reason| reason.text);
        writeln!(out, "  {:<12} {reason} ({})", permission.name.name(), permission.name.description())?;
        if let Some(scope) = &permission.scope {
            writeln!(out, "  {:<12} scope: {scope}", "")?;
        }
    }
    if manifest.req_permissions.is_empty() {
        writeln!(out, "  none")?;
    }

    writeln!(out, "\nTemplates: {}", bundle.templates().as_slice().len())?;
    for template in bundle.templates().as_slice() {
        let slots: Vec<_> = slots(template).iter().map(|(name, count)| format!("{count} {name}")).collect();
        let slots = if slots.is_empty() { "no slots".to_owned() } else { slots.join(", ") };
        let (root, elements, bytes) =
            (template.root().element.definition().name, template.elements(), template.encoding().len());
        writeln!(out, "  {:016x}  <{root}>, {elements} elements, {bytes} B: {slots}", template.id())?;
    }
    writeln!(out, "\nAssets: {}", bundle.assets().len())?;
    for asset in bundle.assets() {
        writeln!(out, "  {:<40} {:>10}  {}", asset.path.as_str(), output::size(asset.data.len()), asset.media_type)?;
    }
    write_budget(out)
}

fn write_budget(out: &mut String) -> std::fmt::Result {
    let (budget, limits) = (Budget::default(), Limits::default());
    writeln!(out, "\nBudget of a call, unless the operator says otherwise")?;
    writeln!(out, "  fuel         {}", grouped(budget.fuel))?;
    writeln!(out, "  deadline     {} ms", budget.deadline.as_millis())?;
    writeln!(out, "  memory       {}", output::size(budget.memory_bytes_max))?;
    writeln!(out, "  host calls   {}, {} asks", output::size(budget.host_call_bytes_max), budget.asks_per_event_max)?;
    writeln!(
        out,
        "  view         {} elements, {} deep, {}",
        grouped(budget.frame.nodes_max.into()),
        budget.frame.depth_max,
        output::size(budget.frame.bytes_max)
    )?;
    writeln!(
        out,
        "  states       {} for the program, {} for a page",
        output::size(limits.app_state_bytes_max),
        output::size(limits.page_state_bytes_max)
    )?;
    writeln!(
        out,
        "  storage      {} for each user",
        output::size(usize::try_from(limits.storage_bytes_max).unwrap_or(usize::MAX))
    )
}

#[cfg(test)]
mod tests {
    #[test]
    fn numbers_are_grouped_in_threes() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (500_000_000, "500,000,000")] {
            assert_eq!(super::grouped(number), text);
        }
    }
}
