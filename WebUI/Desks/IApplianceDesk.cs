using Backup.WebUI.Contracts;

namespace Backup.WebUI.Desks;

/// <summary>The appliance itself: its certificates, daemons and stores.</summary>
public interface IApplianceDesk
{
    Task<ApplianceView> ApplianceAsync(CancellationToken cancellation);

    /// <summary>What only the host has: what is configured, without secrets, and the end of the log. Text in UTF-8.</summary>
    IReadOnlyList<SupportFile> SupportFiles();
}

/// <param name="Name">Its path in a support bundle.</param>
/// <param name="Open">Opens it; throws what files throw.</param>
public sealed record SupportFile(string Name, Func<Stream> Open);
