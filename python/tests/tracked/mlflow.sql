CREATE TABLE "runs" (
	run_uuid VARCHAR(32) NOT NULL, 
	name VARCHAR(250), 
	source_type VARCHAR(20), 
	source_name VARCHAR(500), 
	entry_point_name VARCHAR(50), 
	user_id VARCHAR(256), 
	status VARCHAR(9), 
	start_time BIGINT, 
	end_time BIGINT, 
	source_version VARCHAR(50), 
	lifecycle_stage VARCHAR(20), 
	artifact_uri VARCHAR(200), 
	experiment_id INTEGER, deleted_time BIGINT, 
	CONSTRAINT run_pk PRIMARY KEY (run_uuid), 
	CONSTRAINT source_type CHECK (source_type IN ('NOTEBOOK', 'JOB', 'LOCAL', 'UNKNOWN', 'PROJECT')), 
	CONSTRAINT runs_lifecycle_stage CHECK (lifecycle_stage IN ('active', 'deleted')), 
	FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id), 
	CHECK (status IN ('SCHEDULED', 'FAILED', 'FINISHED', 'RUNNING', 'KILLED'))
);
CREATE TABLE "metrics" (
	"key" VARCHAR(250) NOT NULL, 
	value FLOAT NOT NULL, 
	timestamp BIGINT NOT NULL, 
	run_uuid VARCHAR(32) NOT NULL, 
	step BIGINT DEFAULT '0' NOT NULL, 
	is_nan BOOLEAN DEFAULT '0' NOT NULL, 
	CONSTRAINT metric_pk PRIMARY KEY ("key", timestamp, step, run_uuid, value, is_nan), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid), 
	CHECK (is_nan IN (0, 1))
);
CREATE TABLE "params" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(8000) NOT NULL, 
	run_uuid VARCHAR(32) NOT NULL, 
	CONSTRAINT param_pk PRIMARY KEY ("key", run_uuid), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid)
);
CREATE TABLE "experiments" (
	experiment_id INTEGER NOT NULL, 
	name VARCHAR(256) NOT NULL, 
	artifact_location VARCHAR(256), 
	lifecycle_stage VARCHAR(32), 
	creation_time BIGINT, 
	last_update_time BIGINT, 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT experiment_pk PRIMARY KEY (experiment_id), 
	CONSTRAINT experiments_lifecycle_stage CHECK (lifecycle_stage IN ('active', 'deleted')), 
	CONSTRAINT uq_experiments_workspace_name UNIQUE (workspace, name)
);
INSERT INTO runs VALUES ('f64acbdf423a49b694fd71ecb35a161d', 'spline flow', 'UNKNOWN', '', '', 'user', 'FINISHED', 1796096934267, 1796096934563, '', 'active', '/store/mlruns/1/f64acbdf423a49b694fd71ecb35a161d/artifacts', 1, NULL);
INSERT INTO runs VALUES ('a3983d4ce9344140bd0b2226a8a7adbe', 'affine flow', 'UNKNOWN', '', '', 'user', 'FAILED', 1796096934596, 1796096934831, '', 'active', '/store/mlruns/1/a3983d4ce9344140bd0b2226a8a7adbe/artifacts', 1, NULL);
INSERT INTO runs VALUES ('8e9f3be2aef04f72b73f8a02098e6b8b', 'thrown away', 'UNKNOWN', '', '', 'user', 'FINISHED', 1796096934856, 1796096934907, '', 'deleted', '/store/mlruns/1/8e9f3be2aef04f72b73f8a02098e6b8b/artifacts', 1, 1796096934920);
INSERT INTO metrics VALUES ('train_loss', 3.0, 1796096934337, 'f64acbdf423a49b694fd71ecb35a161d', 0, 0);
INSERT INTO metrics VALUES ('val/loss', 2.5, 1796096934359, 'f64acbdf423a49b694fd71ecb35a161d', 0, 0);
INSERT INTO metrics VALUES ('train_loss', 2.5, 1796096934379, 'f64acbdf423a49b694fd71ecb35a161d', 1, 0);
INSERT INTO metrics VALUES ('val/loss', 2.1, 1796096934400, 'f64acbdf423a49b694fd71ecb35a161d', 1, 0);
INSERT INTO metrics VALUES ('train_loss', 2.0, 1796096934419, 'f64acbdf423a49b694fd71ecb35a161d', 2, 0);
INSERT INTO metrics VALUES ('val/loss', 1.7, 1796096934429, 'f64acbdf423a49b694fd71ecb35a161d', 2, 0);
INSERT INTO metrics VALUES ('train_loss', 1.5, 1796096934452, 'f64acbdf423a49b694fd71ecb35a161d', 3, 0);
INSERT INTO metrics VALUES ('val/loss', 1.2999999999999998, 1796096934470, 'f64acbdf423a49b694fd71ecb35a161d', 3, 0);
INSERT INTO metrics VALUES ('train_loss', 1.0, 1796096934491, 'f64acbdf423a49b694fd71ecb35a161d', 4, 0);
INSERT INTO metrics VALUES ('val/loss', 0.8999999999999999, 1796096934507, 'f64acbdf423a49b694fd71ecb35a161d', 4, 0);
INSERT INTO metrics VALUES ('train_loss', 0.0, 1796096934517, 'f64acbdf423a49b694fd71ecb35a161d', 6, 1);
INSERT INTO metrics VALUES ('val/loss', 0.25, 1796096934533, 'f64acbdf423a49b694fd71ecb35a161d', 6, 0);
INSERT INTO metrics VALUES ('train_loss', 3.0, 1796096934641, 'a3983d4ce9344140bd0b2226a8a7adbe', 0, 0);
INSERT INTO metrics VALUES ('val/loss', 2.5, 1796096934663, 'a3983d4ce9344140bd0b2226a8a7adbe', 0, 0);
INSERT INTO metrics VALUES ('train_loss', 2.5, 1796096934683, 'a3983d4ce9344140bd0b2226a8a7adbe', 1, 0);
INSERT INTO metrics VALUES ('val/loss', 2.1, 1796096934703, 'a3983d4ce9344140bd0b2226a8a7adbe', 1, 0);
INSERT INTO metrics VALUES ('train_loss', 2.0, 1796096934717, 'a3983d4ce9344140bd0b2226a8a7adbe', 2, 0);
INSERT INTO metrics VALUES ('val/loss', 1.7, 1796096934724, 'a3983d4ce9344140bd0b2226a8a7adbe', 2, 0);
INSERT INTO metrics VALUES ('train_loss', 1.5, 1796096934740, 'a3983d4ce9344140bd0b2226a8a7adbe', 3, 0);
INSERT INTO metrics VALUES ('val/loss', 1.2999999999999998, 1796096934755, 'a3983d4ce9344140bd0b2226a8a7adbe', 3, 0);
INSERT INTO metrics VALUES ('train_loss', 1.0, 1796096934769, 'a3983d4ce9344140bd0b2226a8a7adbe', 4, 0);
INSERT INTO metrics VALUES ('val/loss', 0.8999999999999999, 1796096934785, 'a3983d4ce9344140bd0b2226a8a7adbe', 4, 0);
INSERT INTO metrics VALUES ('train_loss', 0.0, 1796096934806, 'a3983d4ce9344140bd0b2226a8a7adbe', 6, 1);
INSERT INTO metrics VALUES ('val/loss', 0.25, 1796096934820, 'a3983d4ce9344140bd0b2226a8a7adbe', 6, 0);
INSERT INTO metrics VALUES ('loss', 1.0, 1796096934879, '8e9f3be2aef04f72b73f8a02098e6b8b', 0, 0);
INSERT INTO params VALUES ('lr', '0.001', 'f64acbdf423a49b694fd71ecb35a161d');
INSERT INTO params VALUES ('layers', '3', 'f64acbdf423a49b694fd71ecb35a161d');
INSERT INTO params VALUES ('lr', '0.001', 'a3983d4ce9344140bd0b2226a8a7adbe');
INSERT INTO params VALUES ('layers', '3', 'a3983d4ce9344140bd0b2226a8a7adbe');
