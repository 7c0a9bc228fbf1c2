using Backup.Tests.AlertService;
using Backup.Tests.Support;
using Microsoft.Playwright;

namespace Backup.Tests.Browser;

/// <summary>Needs Chromium: <c>$BACKUP_TEST_CHROMIUM</c>, or Debian's.</summary>
public sealed class ChromiumFactAttribute() : ConditionalFactAttribute(Chromium.Missing);

/// <summary>Needs Chromium, and a real mail server.</summary>
public sealed class ChromiumSmtpFactAttribute()
    : ConditionalFactAttribute(Chromium.Missing ?? new SmtpFactAttribute().Skip);

/// <summary>Needs Chromium, and a real sshd.</summary>
public sealed class ChromiumSshdFactAttribute()
    : ConditionalFactAttribute(Chromium.Missing ?? new SshdFactAttribute().Skip);

/// <summary>Needs Chromium, a real mongod and the real mongorestore.</summary>
public sealed class ChromiumRestoreFactAttribute()
    : ConditionalFactAttribute(Chromium.Missing ?? new RealRestoreFactAttribute().Skip);

/// <summary>The browser of the tests: an installed one, never one that is downloaded.</summary>
internal static class Chromium
{
    internal static string Program { get; } =
        Environment.GetEnvironmentVariable("BACKUP_TEST_CHROMIUM") ?? "/usr/bin/chromium";

    internal static string? Missing { get; } =
        File.Exists(Program) ? null : $"SKIPPED: needs Chromium at {Program} (apt-get install chromium)";

    internal static async Task<(IPlaywright Playwright, IBrowser Browser)> LaunchAsync()
    {
        var playwright = await Playwright.CreateAsync();
        var browser = await playwright.Chromium.LaunchAsync(
            new BrowserTypeLaunchOptions
            {
                ExecutablePath = Program,
                // As root, as containers run tests, Chromium has no sandbox of its own.
                Args = ["--no-sandbox", "--disable-dev-shm-usage"],
            }
        );
        return (playwright, browser);
    }
}
