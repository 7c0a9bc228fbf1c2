using Backup.WebUI.Access;
using Backup.WebUI.Contracts;
using Backup.WebUI.Desks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Backup.WebUI.Resources;

/// <summary>Finds what somebody means by a name, in all groups of theirs.</summary>
internal sealed class SubjectRoutes(ApiDesks desks) : IApiPart
{
    public void Map(IEndpointRouteBuilder api) =>
        api.MapGet("/subjects", FindAsync)
            .WithSummary(
                "What a name stands for, and in which group: ?name=…&kind=any|replicaSet|source|deployment, or ?snapshot=ID"
            )
            .SignedIn();

    private Task<FoundSubjectView> FindAsync(
        Caller caller,
        CancellationToken cancellation,
        string? name = null,
        string? snapshot = null,
        string kind = "any"
    )
    {
        var groups = caller.GroupsWith(Permission.See);
        return (name, snapshot) switch
        {
            ({ } asked, null) => desks.Subjects.FindAsync(asked, KindOf(kind), groups, cancellation),
            (null, { } id) => desks.Subjects.OfSnapshotAsync(id, groups, cancellation),
            _ => throw WebUIErrors.NameOrSnapshot(),
        };
    }

    private static SubjectKind KindOf(string text) =>
        text switch
        {
            "any" => SubjectKind.Any,
            "replicaSet" => SubjectKind.ReplicaSet,
            "source" => SubjectKind.Source,
            "deployment" => SubjectKind.Deployment,
            _ => throw WebUIErrors.Value("kind", "any, replicaSet, source or deployment"),
        };
}
