using Backup.Metadata;
using Xunit;

namespace Backup.Tests.Metadata.Mongo;

[Collection(RealServerTests.Name)]
public sealed class RealMongoConformance(RealServer server) : MetadataConformance
{
    protected override async Task<IMetadataStore> OpenAsync() => await server.OpenAsync(Time, uris: Uris);

    protected override Task RemoveAsync() => server.EmptyAsync();
}

[Collection(SandboxServerTests.Name)]
public sealed class SandboxMongoConformance(SandboxServer server) : MetadataConformance
{
    protected override async Task<IMetadataStore> OpenAsync() => await server.OpenAsync(Time, uris: Uris);

    protected override Task RemoveAsync() => server.EmptyAsync();
}
