using Backup.WebUI.Contracts;

namespace Backup.WebUI.Desks;

/// <summary>The appliance itself: its certificates, daemons and stores.</summary>
public interface IApplianceDesk
{
    Task<ApplianceView> ApplianceAsync(CancellationToken cancellation);
}
