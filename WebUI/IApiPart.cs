using Microsoft.AspNetCore.Routing;

namespace Backup.WebUI;

/// <summary>Routes of one concern.</summary>
internal interface IApiPart
{
    /// <param name="api">Below <c>/api/v1</c>; each endpoint gets its rule: see <see cref="Access.AccessRules"/>.</param>
    void Map(IEndpointRouteBuilder api);
}
