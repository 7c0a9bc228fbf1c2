using System.Text.Json;
using Microsoft.Playwright;
using Shouldly;

namespace Backup.Tests.Browser;

/// <summary>axe-core: what of WCAG 2.2 AA a program can find.</summary>
internal static class Axe
{
    private static readonly Lazy<string> Script = new(static () =>
    {
        using var stream = typeof(Axe).Assembly.GetManifestResourceStream("axe.min.js")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    });

    /// <summary>Violations as lines: the rule, and an element that breaks it.</summary>
    internal static async Task<IReadOnlyList<string>> ViolationsAsync(IPage page)
    {
        // Through the debugger, which the page's content security policy does not bind.
        _ = await page.EvaluateAsync(Script.Value + "; undefined");
        var result = await page.EvaluateAsync<JsonElement>(
            """
            async () => (await axe.run(document, {
              runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
            })).violations.map(v => `${v.id} (${v.nodes.length}): ${v.nodes[0].html.slice(0, 160)}`)
            """
        );
        return [.. result.EnumerateArray().Select(static one => one.GetString()!)];
    }

    /// <summary>In both themes nothing that axe finds, and nothing to be scrolled sideways. It is light afterwards.</summary>
    internal static async Task AccessibleAsync(IPage page, string what)
    {
        foreach (var theme in new[] { ColorScheme.Dark, ColorScheme.Light })
        {
            await page.EmulateMediaAsync(new() { ColorScheme = theme });
            (await ViolationsAsync(page)).ShouldBeEmpty($"{what}, {theme}");
            (await TooWideAsync(page)).ShouldBeEmpty($"{what}, {theme}");
        }
    }

    /// <summary>What stands out at the right of the window, so that a page has to be scrolled sideways.</summary>
    internal static async Task<IReadOnlyList<string>> TooWideAsync(IPage page)
    {
        var result = await page.EvaluateAsync<JsonElement>(
            """
            () => {
              const root = document.documentElement;
              if (root.scrollWidth <= root.clientWidth) return [];
              return [...document.querySelectorAll("body *")]
                .filter(e => e.getBoundingClientRect().right > root.clientWidth + 1)
                .slice(0, 3).map(e => `${e.tagName}.${e.className}`);
            }
            """
        );
        return [.. result.EnumerateArray().Select(static one => one.GetString()!)];
    }
}
