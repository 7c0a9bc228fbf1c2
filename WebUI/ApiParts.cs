using Backup.Metadata;
using Backup.WebUI.Access;
using Backup.WebUI.Desks;
using Backup.WebUI.Resources;
using Backup.WebUI.Support;

namespace Backup.WebUI;

/// <summary>All that the API is made of.</summary>
internal static class ApiParts
{
    public static IReadOnlyList<IApiPart> All(
        IMetadataStore metadata,
        ApiDesks desks,
        AccessDesk access,
        SharedOverviews overviews,
        MetricsRoutes metrics,
        TimeProvider time
    )
    {
        var things = new GroupThings(metadata);
        return
        [
            new OverviewRoutes(overviews, metadata, time),
            new CallerRoutes(access),
            new SubjectRoutes(desks),
            new StatusRoutes(metadata, desks),
            new ApplianceRoutes(desks),
            new DaemonRoutes(desks),
            new SupportRoutes(new SupportBundle(desks, metadata, metrics, time), time),
            new KeyRoutes(desks),
            new MetadataRoutes(desks),
            new DeploymentRoutes(things, desks),
            new SnapshotRoutes(things, desks),
            new DocumentRoutes(things, desks),
            new LinkRoutes(metadata, things, desks),
            new RestoreRoutes(things, desks, time),
            new ServeRoutes(things, desks),
            new SshRoutes(desks),
            new AgentRoutes(metadata, desks),
            new CredentialRoutes(desks),
            new StorageRoutes(things, desks),
            new MemberRoutes(metadata, things, desks, time),
            new JobRoutes(metadata, things, desks),
            new AlertRoutes(metadata, things, desks, time),
            new ExcerptRoutes(metadata, things, desks),
            new ChannelRoutes(metadata, desks),
            new RadarRoutes(metadata),
            new SetupRoutes(access),
            new SessionRoutes(access),
            new AccountRoutes(access),
            new UserRoutes(access),
            new GroupRoutes(access, desks),
            new InvitationRoutes(access),
            new TokenRoutes(access),
            new AuditRoutes(access),
            new HostRoutes(desks),
        ];
    }
}
